"""The dead letters of the queue of events: they have no results to be put right."""

from core.errors import MalformedMessage
from core.jobs.webhooks.events import DeliveryMessage, message_from
from core.ports import ReceivedMessage


class DeadEvents:
    """What dead letters of events speak of; has the methods of ``DeadJobs``."""

    def code(self, letter: ReceivedMessage) -> str:
        """Return what an event tells of."""
        try:
            message = message_from(letter.body)
        except MalformedMessage:
            return "malformed"
        return message.event.type if isinstance(message, DeliveryMessage) else "batch"

    def reset_result(self, letter: ReceivedMessage) -> None:
        """Do nothing: an event that is sent again has nothing in its way."""

    def give_up(self, letter: ReceivedMessage) -> None:
        """Do nothing: nobody waits for an event."""

    def was_swept(self, letter: ReceivedMessage) -> bool:
        """Tell that no sweep has touched it."""
        return False
