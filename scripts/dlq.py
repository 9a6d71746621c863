"""Lists, shows, redrives and purges the dead letters of a queue.

    python scripts/dlq.py list|show|redrive|purge [--queue request|index]

The same as ``efr dead-letters``; ``--help`` describes the commands. Exit codes: 0
everything was done, 1 some messages stayed where they were, 2 wrong usage or nothing
could be done, 130 interrupted.
"""

from efr_cli.dead_letter_commands import dead_letters

if __name__ == "__main__":
    dead_letters(prog_name="dlq")
