"""What waits, is in work and was given up, for whoever runs the service."""

from flask.typing import ResponseReturnValue

from core.bootstrap.web import WebParts
from core.errors import QueueUnavailable, ScopeMissing
from core.ground.realms import WHOLE
from efr_web.caller import caller
from efr_web.openapi.operation import Answer, Api, Operation
from efr_web.schemas.service import QueueList


def add_queue_routes(api: Api, parts: WebParts) -> None:
    """Add ``/queues``."""

    @api.route("GET", "/queues", QUEUES)
    def list_queues() -> ResponseReturnValue:
        if caller().realm != WHOLE:  # the queues hold jobs of all tenants and collections
            raise ScopeMissing("this needs a key without a tenant, for all collections")
        backlog = parts.backlog
        return QueueList(queues=backlog.look(), last_work_at=backlog.last_work()).model_dump(
            mode="json"
        )


QUEUES = Operation(
    tag="Service",
    access="admin",
    summary="Count the messages of the queues",
    text=(
        "`waiting` messages are jobs, or events for webhooks, that no worker has yet; workers have "
        "those that are `in_flight`. Those in `dead_letters` were given up. SQS counts roughly. "
        "`last_work_at` is when a worker last had a job, and may be a quarter of "
        "`SCALE_IN_COOLDOWN_SECONDS` late. "
        "The queues hold the jobs of all tenants, so the key must be of none, and for all "
        "collections."
    ),
    answers={200: Answer(text="What the queues hold.", models=(QueueList,))},
    errors=(QueueUnavailable,),
    curl="/queues",
)
