"""What people do with the service over HTTP, one function for each step.

Each fails if the service does not do what it promises.
"""

import io
from functools import partial
from typing import Any, Final

import requests
from PIL import Image

from harness.aws.caller import Caller, expect
from harness.aws.guarded_stack import ALBUM
from harness.aws.receiver import Receiver
from harness.localstack import ROOT
from harness.waiting import wait_until

SAMPLES: Final = ROOT / "var" / "samples"
OBAMA: Final = SAMPLES / "Barack Obama"
BIDEN: Final = SAMPLES / "Joe Biden" / "biden.jpg"
STAFF: Final = "staff"
GUESTS: Final = "guests"
LARGE_BYTES: Final = 1_000_000
"""From here on boto3 sends a photo, and obstore no more."""


def collections(call: Caller) -> None:
    """Make two collections, and look at them."""
    for name in (STAFF, GUESTS):
        call("POST", "/collections", json={"collection_id": name, "keep_unknown": True})
    call("PATCH", f"/collections/{STAFF}", json={"threshold": 70})
    expect(len(call("GET", "/collections").json()["collections"]) >= 2, "both collections")
    expect(call("GET", f"/collections/{STAFF}").json()["threshold"] == 70, "the threshold")


def index(call: Caller) -> None:
    """Enrol two people, each with a photo of their own."""
    for file, person in ((OBAMA / "obama.jpg", "Barack Obama"), (BIDEN, "Joe Biden")):
        fields = {"collection_id": STAFF, "image_id": file.name, "person": person}
        asked = call.photo("/faces/index", file, **fields)
        expect(call.ended(asked["job_id"])["status"] == "done", "a face to be enrolled")
    wait_until(lambda: len(call.faces(STAFF)) == 2, what="two faces")


def uploads(call: Caller) -> None:
    """Ask who is on a photo: waiting, not waiting, and the same again."""
    for name, headers in (
        ("obama2.jpg", {}),
        ("obama3.jpg", {"Prefer": "respond-async"}),
        ("obama2.jpg", {"Idempotency-Key": "walk"}),
        ("obama2.jpg", {"Idempotency-Key": "walk"}),
    ):
        asked = call.photo("/", OBAMA / name, "inputFile", collection_id=STAFF, headers=headers)
        expect(call.ended(asked["job_id"])["result"] == "Barack Obama", "the name")
    nobody = call.photo("/", BIDEN, "inputFile", collection_id=GUESTS)
    expect(call.ended(nobody["job_id"])["result"] == "Unknown", "no name of a stranger")


def large_photo(call: Caller) -> None:
    """Upload a photo that is large enough for boto3 to send it."""
    file = io.BytesIO()
    Image.effect_noise((1400, 1000), 90).convert("RGB").save(file, "PNG")
    expect(file.tell() > LARGE_BYTES, "a large photo")
    asked = call("POST", "/", files={"inputFile": ("noise.png", file.getvalue())}).json()
    expect(call.ended(asked["job_id"])["result"] == "No face", "no face")


def searches(call: Caller) -> None:
    """Match, verify and detect; by file and by the key of a photo in a bucket."""
    found = call.photo("/faces/match", OBAMA / "obama2.jpg", collection_id=STAFF)
    expect(found["faces"][0]["matches"][0]["person"] == "Barack Obama", "a match")
    known = call.photo(
        "/faces/verify", OBAMA / "obama2.jpg", collection_id=STAFF, person="Barack Obama"
    )
    expect(known["same"], "the same person")
    by_key = {"s3_bucket": ALBUM, "s3_key": "2026/obama.jpg"}
    expect(call("POST", "/faces/detect", json=by_key).json()["faces"], "a face")


def batches(call: Caller) -> None:
    """Index an album, and a photo that is put where the service offers a place."""
    place = call("POST", "/uploads", json={"collection_id": GUESTS, "person": "Joe Biden"}).json()
    form = requests.post(
        place["url"], data=place["fields"], files={"file": BIDEN.read_bytes()}, timeout=30
    )
    expect(form.ok, f"S3 to take the form, not {form.text}")
    for album in (
        {"s3_bucket": ALBUM, "s3_prefix": "2026/", "person": "Barack Obama"},
        {"s3_bucket": place["s3_bucket"], "s3_keys": [place["s3_key"]], "person": "Joe Biden"},
    ):
        asked = {"collection_id": GUESTS, **album}
        batch = call("POST", "/faces/index/batch", json=asked).json()["batch_id"]
        wait_until(partial(_is_done, call, batch), what="the batch's end")
        expect(call("GET", f"/batches/{batch}").json()["failed"] == 0, "no photo to fail")
    expect(len(call("GET", "/batches").json()["batches"]) == 2, "two batches")


def _is_done(call: Caller, batch: str) -> bool:
    return bool(call("GET", f"/batches/{batch}").json()["pending"] == 0)


def people(call: Caller) -> None:
    """Look at people, describe, rename and reject them."""
    persons = f"/collections/{STAFF}/persons"
    face = call.faces(STAFF)[0]
    call("GET", f"/collections/{STAFF}/faces/{face['face_id']}/image")
    call("GET", f"/collections/{STAFF}/images/{face['image_id']}")
    asked = {"threshold": 0}
    call("POST", f"/collections/{STAFF}/faces/{face['face_id']}/search", json=asked)
    note = {"text": "Entrance by face", "date": "2026-11-30", "source": "Form 17"}
    call("PUT", f"/collections/{STAFF}/consents/Barack%20Obama", json=note)
    described = {"metadata": {"team": "red"}}
    call("PATCH", f"{persons}/Barack%20Obama", json=described)
    call("PATCH", f"{persons}/Barack%20Obama", json={"name": "President Obama"})
    expect(call("GET", persons).json()["persons"], "people")
    expect(call("GET", f"{persons}/President%20Obama").json()["consent"], "the consent")
    face = next(each for each in call.faces(GUESTS) if each["person"] == "Barack Obama")
    at = f"/collections/{GUESTS}/faces/{face['face_id']}"
    call("POST", f"{at}/reassign", json={"person": "Joe Biden"})
    call("POST", f"{at}/reject", json={"person": "Joe Biden"})


def unknown_people(call: Caller) -> None:
    """Group faces that nobody has named; name one group and ignore another."""
    call("POST", "/collections", json={"collection_id": "crowd"})
    for name in ("obama.jpg", "obama2.jpg", "obama3.jpg"):
        asked = call.photo("/faces/index", OBAMA / name, collection_id="crowd", image_id=name)
        call.ended(asked["job_id"])
    groups = "/collections/crowd/groups"
    wait_until(lambda: call("GET", groups).json()["groups"], what="a group of faces")
    group = call("GET", groups).json()["groups"][0]["group_id"]
    call("GET", f"{groups}/{group}")
    call("POST", f"{groups}/{group}/ignore")
    call("POST", f"{groups}/{group}/unignore")
    group = call("GET", groups).json()["groups"][0]["group_id"]
    named = call("POST", f"{groups}/{group}/name", json={"person": "Barack Obama"}).json()
    expect(named["faces"], "the faces of the group to be named")


def webhooks(call: Caller, receiver: Receiver) -> None:
    """Make a webhook whose receiver refuses at first; replay what failed."""
    asked = {"url": receiver.url, "events": ["job.done", "person.erased"]}
    hook = f"/webhooks/{call('POST', '/webhooks', json=asked).json()['webhook_id']}"
    call("POST", f"{hook}/secret", json={"keep_hours": 0})
    wait_until(lambda: _is_told(call, hook), every_s=1, what="a failed delivery")
    failed = call("GET", f"{hook}/deliveries").json()["deliveries"]
    receiver.refuses = False
    call("POST", f"{hook}/deliveries/{failed[0]['event_id']}/replay")
    call("POST", f"{hook}/test")
    wait_until(lambda: receiver.got >= 2, what="the events")
    expect(call("GET", "/webhooks").json()["webhooks"], "the webhook")


def _is_told(call: Caller, hook: str) -> bool:
    asked = call.photo("/", BIDEN, "inputFile", collection_id=STAFF)
    call.ended(asked["job_id"])
    failed: list[Any] = call("GET", f"{hook}/deliveries").json()["deliveries"]
    return any(each["state"] == "given_up" for each in failed)


def erasing(call: Caller) -> None:
    """Erase a face, a photo, a person and a collection; ask for the receipt."""
    face = call.faces("crowd")[0]
    call("DELETE", f"/collections/crowd/faces/{face['face_id']}")
    image = call.faces("crowd")[0]["image_id"]
    call("DELETE", f"/collections/crowd/images/{image}")
    receipt = call("DELETE", f"/collections/{STAFF}/persons/President%20Obama")
    call("GET", receipt.headers["Receipt"])
    call("DELETE", f"/collections/{GUESTS}")
    expect([each["person"] for each in call.faces(STAFF)] == ["Joe Biden"], "who was not erased")
    for hook in call("GET", "/webhooks").json()["webhooks"]:
        call("DELETE", f"/webhooks/{hook['webhook_id']}")


def looks(call: Caller) -> None:
    """Ask how the service is, and what waits in its queues."""
    expect(call("GET", "/ready").json()["status"] == "ready", "the service to be ready")
    expect(call("GET", "/queues").json()["queues"], "the queues")
