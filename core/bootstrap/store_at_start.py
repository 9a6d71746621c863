"""What takes the place of S3, tried out before the processes that use it start."""

import logging

from core.errors import StorageUnavailable
from core.settings import Settings

log = logging.getLogger(__name__)


def check_store(settings: Settings) -> None:
    """Try out the store of the settings, if they name one; one that is away may come back.

    Raises
    ------
    StoreUnfit
        If it lacks what the service needs.
    """
    if settings.storage is not None or settings.s3_endpoint is None:
        return
    from core.aws.clients import s3_client
    from core.aws.store_check import require_fitness

    try:
        require_fitness(s3_client(settings), settings.s3_out_bucket)
    except StorageUnavailable as error:
        log.warning("store could not be tried out", extra={"reason": str(error)})
