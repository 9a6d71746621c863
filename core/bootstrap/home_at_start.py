"""The home on this machine, looked at before the processes that use it start."""

from core.home.home import Home
from core.settings import Settings


def make_home_ready(settings: Settings) -> None:
    """Make the home of the settings, if they name one.

    Raises
    ------
    HomeUnusable
        If it can't be used. A web process that met this would end gunicorn with another code.
    """
    if settings.home_folder is not None:
        Home.made(settings).file.close()
