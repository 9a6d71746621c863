"""What a plan in JSON would change."""

import json
from typing import Any

from harness.aws.rehearsal.terraform import Change, changes_of, tags_in


def planned(before: Any, after: Any, *, actions: list[str], unknown: Any = None) -> Any:
    change = {"actions": actions, "before": before, "after": after, "after_unknown": unknown or {}}
    return {"address": "aws_lb.this", "type": "aws_lb", "change": change}


def test_attributes_that_differ_are_named_but_for_those_that_are_not_known_yet() -> None:
    again = planned(
        {"name": "a", "tags": {}, "id": "1"},
        {"name": "b", "tags": {}, "id": None},
        actions=["update"],
        unknown={"id": True},
    )

    (change,) = changes_of([again])
    assert change == Change(address="aws_lb.this", kind="aws_lb", attributes=("name",))


def test_what_is_made_or_removed_changes_too() -> None:
    made = planned(None, {"name": "a"}, actions=["create"])
    gone = planned({"name": "a"}, None, actions=["delete"])

    assert [change.attributes for change in changes_of([made, gone])] == [("name",), ("name",)]


def test_what_stays_or_is_only_read_is_no_change() -> None:
    same = {"name": "a"}

    assert not list(changes_of([planned(same, same, actions=["no-op"])]))
    assert not list(changes_of([planned(None, same, actions=["read"])]))


def test_tags_are_those_of_what_was_made_and_can_have_any() -> None:
    def kept(mode: str, name: str, attributes: dict[str, object]) -> dict[str, object]:
        instances = [{"attributes": attributes}]
        return {"mode": mode, "type": "aws_x", "name": name, "instances": instances}

    state = {
        "resources": [
            kept("managed", "tagged", {"tags_all": {"deployment": "efr"}}),
            kept("managed", "bare", {"tags_all": None}),
            kept("managed", "never", {"id": "1"}),
            kept("data", "found", {"tags_all": {}}),
        ]
    }

    assert tags_in(json.dumps(state)) == {
        ".aws_x.tagged[0]": {"deployment": "efr"},
        ".aws_x.bare[0]": {},
    }
