"""``python -m efr_cli``: for where no console script is installed, as in the images."""

from efr_cli.app import main

if __name__ == "__main__":
    main(prog_name="efr")
