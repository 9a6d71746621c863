"""Signatures, checked with the package that receivers use."""

import json
import time

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from core.jobs.webhooks.endpoints import SigningSecret
from core.jobs.webhooks.signing import signed_headers

BODY = '{"type":"job.done","data":{"result":"Ælfric"}}'.encode()


def headers(*secrets: str, at_s: float | None = None) -> dict[str, str]:
    timestamp_s = int(time.time() if at_s is None else at_s)
    return signed_headers("an-id", timestamp_s, BODY, secrets=secrets)


def test_receiver_verifies_what_is_signed() -> None:
    secret = SigningSecret.new().secret

    assert Webhook(secret).verify(BODY, headers(secret)) == json.loads(BODY)


def test_two_secrets_sign_and_each_verifies() -> None:
    secrets = [SigningSecret.new().secret for _ in range(2)]

    signed = headers(*secrets)

    assert len(signed["webhook-signature"].split(" ")) == 2
    for secret in secrets:
        Webhook(secret).verify(BODY, signed)


@pytest.mark.parametrize("changed", ["webhook-id", "webhook-timestamp", "body", "secret"])
def test_nothing_of_a_delivery_can_be_changed(changed: str) -> None:
    secret = SigningSecret.new().secret
    signed, body = headers(secret), BODY
    if changed == "body":
        body += b" "
    elif changed == "secret":
        secret = SigningSecret.new().secret
    else:
        signed[changed] = str(int(time.time()) + 1)

    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(body, signed)


def test_signature_of_yesterday_is_refused() -> None:
    secret = SigningSecret.new().secret

    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(BODY, headers(secret, at_s=time.time() - 86_400))


def test_no_two_secrets_are_equal_and_none_is_shown_in_a_log() -> None:
    one, other = SigningSecret.new(), SigningSecret.new()

    assert one.secret != other.secret
    assert one.secret not in repr(one)
