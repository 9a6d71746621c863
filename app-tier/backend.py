"""The worker daemon, the same as ``efr worker``.

Exit codes: 0 stopped on request or because the machine ends, 2 a setting can't be
used, 3 the face models can't be loaded.
"""

import sys

from core.bootstrap.run_worker import main

if __name__ == "__main__":
    sys.exit(main())
