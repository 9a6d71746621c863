"""Pages of other origins change nothing, and the service answers under its own names only."""

import pytest

from core.settings import Settings
from tests.unit.web.test_door import KEYS, Door
from tests.unit.web.web_fixture import PHOTO, SETTINGS, WebFixture, assert_error

MADE = {"collection_id": "staff"}


@pytest.mark.parametrize(
    "sent",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:3000"},
        {"Origin": "http://localhost.evil.example"},
        {"Origin": "http://["},
        {"Origin": ""},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"},
    ],
)
@pytest.mark.parametrize("settings", [SETTINGS, KEYS], ids=["off", "keys"])
def test_page_of_another_origin_changes_nothing(settings: object, sent: dict[str, str]) -> None:
    web = WebFixture(settings=settings)  # type: ignore[arg-type]

    made = web.client.post("/collections", json=MADE, headers=sent)
    erased = web.client.delete("/collections/default", headers=sent)
    files = {"inputFile": ("a.jpg", PHOTO)}
    uploaded = web.send_form("/", files=files, headers=sent)

    for response in (made, erased, uploaded):
        assert_error(response, 403, "FOREIGN_ORIGIN")
    assert web.is_empty()
    assert web.gallery.objects == {}


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"Origin": "http://localhost"},
        {"Origin": "https://localhost"},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
    ],
)
def test_programs_and_the_own_page_may(sent: dict[str, str]) -> None:
    assert WebFixture().client.post("/collections", json=MADE, headers=sent).status_code == 201


def test_reading_needs_no_origin() -> None:
    answer = WebFixture().client.get("/collections", headers={"Origin": "https://evil.example"})

    assert answer.status_code == 200
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1:8000", "[::1]:8000"])
def test_loopback_is_a_name_of_the_service(host: str) -> None:
    assert WebFixture().client.get("/collections", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "10.0.0.1", ""])
def test_without_keys_other_names_are_refused(host: str) -> None:
    answer = WebFixture().client.get("/collections", headers={"Host": host})

    assert_error(answer, 403, "HOST_NOT_TRUSTED")


def test_with_keys_any_name_will_do() -> None:
    door = Door(settings=KEYS)
    answer = door.client.get("/collections", headers={"Host": "faces.example", **door.key()})

    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [("localhost", 200), ("10.0.0.1:8000", 200), ("[fd00::1]", 200), ("faces.example", 403)],
)
def test_without_keys_on_purpose_an_address_will_do_but_no_name(host: str, status: int) -> None:
    settings = SETTINGS.model_copy(update={"auth": "off-on-purpose"})

    answer = WebFixture(settings=settings).client.get("/collections", headers={"Host": host})

    assert answer.status_code == status


@pytest.mark.parametrize("settings", [SETTINGS, KEYS])
def test_health_is_told_under_any_name(settings: Settings) -> None:
    named = settings.model_copy(update={"trusted_hosts": ("faces.example",)})

    answer = WebFixture(settings=named).client.get("/health", headers={"Host": "127.0.0.1:8000"})

    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [("faces.example", 200), ("a.faces.example", 403), ("b.wild.example", 200), ("localhost", 403)],
)
def test_operator_says_the_names(host: str, status: int) -> None:
    named = KEYS.model_copy(update={"trusted_hosts": ("faces.example", ".wild.example")})

    door = Door(settings=named)
    answer = door.client.get("/collections", headers={"Host": host, **door.key()})

    assert answer.status_code == status
