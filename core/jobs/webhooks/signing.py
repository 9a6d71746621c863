"""How an event is signed, by Standard Webhooks.

References
----------
.. [1] Standard Webhooks, specification, section "Webhook Headers (Sending Metadata to Consumers)".
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence


def signed_headers(
    event_id: str, timestamp_s: int, body: bytes, *, secrets: Sequence[str]
) -> dict[str, str]:
    """Return the headers by which a receiver knows that an event is from here, and no old one.

    Parameters
    ----------
    timestamp_s : int
        When it is sent, in seconds since 1970; signed too.
    secrets : sequence of str
        Each is ``whsec_`` and base64; each signs.
    """
    signed = f"{event_id}.{timestamp_s}.".encode() + body
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": " ".join(f"v1,{_signature(secret, signed)}" for secret in secrets),
    }


def _signature(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
