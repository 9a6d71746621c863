"""How keys look, and whom they let in."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from core.access.keys import SCOPES, ApiKey, GivenKey, LiveSecret, Scope

NOW = datetime(2026, 5, 1, tzinfo=UTC)


def stored(given: GivenKey, scopes: tuple[Scope, ...] = ("recognise",), **more: object) -> ApiKey:
    return ApiKey.model_validate(
        {
            "key_id": given.key_id,
            "name": "door",
            "scopes": scopes,
            "collections": ("*",),
            "created_at": NOW,
            "secrets": (LiveSecret(sha256=given.sha256),),
            **more,
        }
    )


def test_key_is_read_again_from_its_text() -> None:
    given = GivenKey.new()

    assert GivenKey.read(given.text) == given
    assert given.text.startswith(f"efr_{given.key_id}_")


def test_secret_has_256_bits_and_differs_each_time() -> None:
    assert len(bytes.fromhex(GivenKey.new().secret)) == 32
    assert len({GivenKey.new().secret for _ in range(100)}) == 100


def test_mistyped_key_is_none() -> None:
    text = GivenKey.new().text
    for place in range(4, len(text)):
        changed = "0" if text[place] != "0" else "1"
        assert GivenKey.read(f"{text[:place]}{changed}{text[place + 1 :]}") is None


@pytest.mark.parametrize("text", ["", "efr_", "efr__", "x" * 10_000, "efr_é_ü", "Bearer x"])
def test_other_texts_are_no_keys(text: str) -> None:
    assert GivenKey.read(text) is None


def test_what_is_stored_holds_no_secret() -> None:
    given = GivenKey.new()

    assert given.secret not in stored(given).model_dump_json()


def test_key_opens_with_its_secret_only() -> None:
    given = GivenKey.new()
    key = stored(given)

    assert key.opens(given, NOW)
    assert not key.opens(GivenKey.new(given.key_id), NOW)


def test_revoked_key_does_not_open() -> None:
    given = GivenKey.new()

    assert not stored(given, revoked_at=NOW).opens(given, NOW)


def test_key_opens_until_it_expires() -> None:
    given = GivenKey.new()
    key = stored(given, expires_at=NOW + timedelta(days=1))

    assert key.opens(given, NOW)
    assert not key.opens(given, NOW + timedelta(days=1))


def test_secret_opens_until_it_expires() -> None:
    given = GivenKey.new()
    ends = NOW + timedelta(hours=1)
    key = stored(given, secrets=(LiveSecret(sha256=given.sha256, expires_at=ends),))

    assert key.opens(given, NOW)
    assert not key.opens(given, ends)


@pytest.mark.parametrize("scope", SCOPES)
def test_key_may_do_what_its_scope_says_and_nothing_else(scope: Scope) -> None:
    key = stored(GivenKey.new(), (scope,))

    allowed = {each for each in SCOPES if key.allows(each)}
    assert allowed == (set(SCOPES) if scope == "admin" else {scope})


@pytest.mark.parametrize(
    "field",
    [
        {"tenant": "Acme"},
        {"tenant": "a/b"},
        {"tenant": ".."},
        {"scopes": ()},
        {"name": ""},
        {"collections": ("a/b",)},
    ],
)
def test_key_that_makes_no_sense_is_refused(field: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        stored(GivenKey.new(), **field)  # type: ignore[arg-type]
