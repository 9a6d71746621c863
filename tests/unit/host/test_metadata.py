"""The client of EC2's metadata service, against a server that speaks its version 2."""

import pytest

from core.aws.metadata import InstanceMetadata
from core.errors import ServiceUnavailable
from core.testing import ManualClock
from harness.localstack import free_port
from tests.support.services.metadata_service import LIFECYCLE, REBALANCE, SPOT, MetadataService


def test_instance_id_is_read_with_a_token(service: MetadataService) -> None:
    assert InstanceMetadata(service.address).instance_id() == "i-0123456789abcdef0"
    assert len(service.tokens) == 1


def test_nothing_announced_is_no_notice(service: MetadataService) -> None:
    assert InstanceMetadata(service.address).notice() is None
    assert service.asked == [SPOT, LIFECYCLE, REBALANCE]


@pytest.mark.parametrize("action", ["terminate", "stop", "hibernate"])
def test_spot_interruption_is_a_notice(service: MetadataService, action: str) -> None:
    service.announce_interruption(action)

    notice = InstanceMetadata(service.address).notice()

    assert notice == f"spot interruption: {action} at 2026-11-27T10:02:00Z"


def test_rebalance_recommendation_is_a_notice(service: MetadataService) -> None:
    service.recommend_rebalance()

    notice = InstanceMetadata(service.address).notice()

    assert notice == "rebalance recommendation of 2026-11-27T10:00:00Z"


@pytest.mark.parametrize(
    ("state", "ends"), [("InService", False), ("Standby", False), ("Terminated", True)]
)
def test_instance_that_its_group_terminates_has_a_notice(
    service: MetadataService, state: str, ends: bool
) -> None:
    service.found[LIFECYCLE] = state

    assert (InstanceMetadata(service.address).notice() is not None) == ends


def test_token_is_used_again(service: MetadataService) -> None:
    metadata = InstanceMetadata(service.address)

    for _ in range(3):
        metadata.notice()

    assert len(service.tokens) == 1


def test_token_is_renewed_before_it_expires(service: MetadataService) -> None:
    clock = ManualClock()
    metadata = InstanceMetadata(service.address, clock=clock)
    metadata.notice()

    clock.advance(21_600 - 60)
    metadata.notice()

    assert len(service.tokens) == 2


def test_token_that_is_refused_is_replaced(service: MetadataService) -> None:
    metadata = InstanceMetadata(service.address)
    metadata.notice()
    service.announce_interruption()

    service.expire_tokens()

    assert metadata.notice() is not None
    assert len(service.tokens) == 2


@pytest.mark.parametrize("text", ["<html>", "[]", '"terminate"'])
def test_what_is_no_announcement_is_no_notice(service: MetadataService, text: str) -> None:
    service.found[SPOT] = text

    with pytest.raises(ServiceUnavailable, match=SPOT):
        InstanceMetadata(service.address).notice()


def test_unknown_action_is_no_notice(service: MetadataService) -> None:
    service.announce_interruption("celebrate")

    assert InstanceMetadata(service.address).notice() is None


def test_service_that_fails_is_unavailable(service: MetadataService) -> None:
    service.broken = True

    with pytest.raises(ServiceUnavailable, match="500"):
        InstanceMetadata(service.address).notice()


def test_absent_service_is_unavailable() -> None:
    with pytest.raises(ServiceUnavailable, match="token"):
        InstanceMetadata(f"http://127.0.0.1:{free_port()}").notice()


def test_no_proxy_is_asked(service: MetadataService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")

    assert InstanceMetadata(service.address).notice() is None
