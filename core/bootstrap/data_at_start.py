"""The data of the settings, looked at before the processes that use them start."""

from core.access.data_format import check_format_at_start
from core.home.home import Home
from core.settings import Settings


def check_data(settings: Settings) -> None:
    """Make the home of the settings, if they name one, and see that this version can read the data.

    A web process that found out would end gunicorn with another code, or be started again and
    again. Nothing of it gets in the way of a later fork.

    Raises
    ------
    HomeUnusable
        If the home can't be used.
    DataTooNew
        If a newer version stored the data.
    """
    bucket = settings.s3_gallery_bucket
    if settings.home_folder is not None:
        home = Home.made(settings)
        home.file.close()
        check_format_at_start(home.bucket(bucket))
        return
    from core.aws.clients import s3_client
    from core.aws.plain_objects import PlainObjects

    check_format_at_start(PlainObjects(s3_client(settings), bucket))
