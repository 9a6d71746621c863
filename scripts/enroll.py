"""Enrols the people of a folder: FOLDER/<Person Name>/*.jpg (also png, webp, heic).

    python scripts/enroll.py FOLDER [--collection default]

The same as ``efr enroll``. Exit codes: 0 every photo is enrolled, 1 some were not,
2 nothing could be done, 130 interrupted.
"""

import sys

from efr_cli.app import main

if __name__ == "__main__":
    main(["enroll", *sys.argv[1:]], prog_name="efr")
