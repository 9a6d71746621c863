"""One walk through all with which the service asks AWS for something."""

from collections.abc import Callable
from typing import Final

from harness.aws import api_steps as api
from harness.aws import other_steps as other
from harness.aws.caller import Caller
from harness.aws.guarded_stack import GuardedStack
from harness.aws.receiver import Receiver

Step = Callable[[GuardedStack, Caller, Receiver], None]

STEPS: Final[dict[str, Step]] = {
    "ready": lambda _stack, call, _receiver: api.looks(call),
    "first look": lambda stack, _call, _receiver: other.first_look(stack),
    "collections": lambda _stack, call, _receiver: api.collections(call),
    "index": lambda _stack, call, _receiver: api.index(call),
    "uploads": lambda _stack, call, _receiver: api.uploads(call),
    "large photo": lambda _stack, call, _receiver: api.large_photo(call),
    "searches": lambda _stack, call, _receiver: api.searches(call),
    "batches": lambda _stack, call, _receiver: api.batches(call),
    "people": lambda _stack, call, _receiver: api.people(call),
    "unknown people": lambda _stack, call, _receiver: api.unknown_people(call),
    "webhooks": lambda _stack, call, receiver: api.webhooks(call, receiver),
    "tenant": lambda stack, call, _receiver: other.tenant(stack, call.address),
    "dead letters": lambda stack, _call, _receiver: other.dead_letters(stack),
    "administration": lambda stack, _call, _receiver: other.administration(stack),
    "erasing": lambda _stack, call, _receiver: api.erasing(call),
    "scaling": lambda stack, call, _receiver: other.scaling(stack, call),
    "spot notice": lambda stack, _call, _receiver: other.spot_notice(stack),
}


def first_key(stack: GuardedStack) -> str:
    """Have the operator make the first key; return it."""
    return stack.operator("keys", "create", "walk", "--admin").split()[0]
