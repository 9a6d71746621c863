"""The autoscaler daemon, the same as ``efr autoscaler``.

Exit codes: 0 stopped on request, 2 a setting can't be used.
"""

import sys

from core.bootstrap.run_autoscaler import main

if __name__ == "__main__":
    sys.exit(main())
