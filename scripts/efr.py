"""The command line of the service.

python scripts/efr.py COMMAND ... (as a console script: efr COMMAND ...)

``--help`` lists the commands; docs/cli.md describes them. Exit codes: 0 everything
was done, 1 some photos were not used (each is named with its reason), 2 wrong usage
or nothing could be done, 130 interrupted.
"""

from efr_cli.app import main

if __name__ == "__main__":
    main(prog_name="efr")
