"""Makes the buckets and queues that the service needs; running it again changes nothing."""

from core.aws.bucket_setup import Bucket
from core.aws.clients import s3_client, sqs_client, unavailable_as
from core.aws.queue_setup import Queues
from core.aws.s3 import S3Store
from core.aws.store_check import calls_of_s3, require_fitness
from core.errors import InvalidSettings, QueueUnavailable, StorageUnavailable
from core.settings import Settings
from core.settings.queue_plans import queue_plans


def provision(settings: Settings, *, adopt: bool = False) -> list[str]:
    """Create what is missing, and bring what an earlier set-up made to the settings.

    Rules that others gave a bucket stay. Everything is looked at before anything is changed.

    Parameters
    ----------
    settings : Settings
    adopt : bool
        Also take buckets that hold objects, and queues, which no set-up of ours made.

    Returns
    -------
    list of str
        The buckets that keep versions of what is deleted.

    Raises
    ------
    StorageUnavailable, QueueUnavailable
        If S3 or SQS does not answer, or refuses.
    InvalidSettings
        If a bucket or queue is someone else's, or the settings name a home on this machine.
    StoreUnfit
        If what takes the place of S3 lacks what the service needs.
    """
    if settings.storage is not None:
        raise InvalidSettings(f"STORAGE={settings.storage} needs nothing on AWS")
    s3, queues = s3_client(settings), Queues(sqs_client(settings))
    buckets = [
        Bucket(client=s3, name=name, region=settings.aws_region, days=days)
        for name, days in (
            (settings.s3_in_bucket, settings.retention_days),
            (settings.s3_out_bucket, settings.retention_days),
            (settings.s3_gallery_bucket, None),
        )
    ]
    wanted = queue_plans(settings)
    if not adopt:
        with unavailable_as(StorageUnavailable, "S3"), calls_of_s3(s3):
            for bucket in buckets:
                bucket.check()
        with unavailable_as(QueueUnavailable, "SQS"):
            for queue in wanted:
                queues.check(queue)
    with unavailable_as(StorageUnavailable, "S3"), calls_of_s3(s3):
        for bucket in buckets:
            bucket.set_up()
    if settings.s3_endpoint is not None:
        require_fitness(s3, settings.s3_out_bucket)
    with unavailable_as(QueueUnavailable, "SQS"):
        for queue in wanted:
            queues.set_up(queue)
    return [name for name in settings.buckets if S3Store(settings, name, s3).keeps_versions()]
