"""How much each caller may ask for."""

from typing import Any

import pytest
from efr_web.openapi.operation import Answer, Body, Operation
from efr_web.requests.models.photos import IndexBatch, MatchPhoto
from werkzeug.test import TestResponse

from core.jobs.recognition_job import failed
from core.settings import Settings
from tests.unit.web.test_door import JOB, Door
from tests.unit.web.web_fixture import PHOTO, SETTINGS, WebFixture, assert_error, base64_of, json_of

BATCH = {"collection_id": "staff", "s3_bucket": "album"}


def limited(auth: str = "off", **limits: str) -> Settings:
    given = SETTINGS.model_dump() | {"auth": auth} | limits
    return Settings(_env_file=None, **given)


def public(**limits: str) -> WebFixture:
    return WebFixture(settings=limited(**limits))


def get(web: WebFixture, address: str = "203.0.113.7", **headers: str) -> TestResponse:
    return web.client.get(
        "/collections",
        environ_base={"REMOTE_ADDR": address},
        headers={name.replace("_", "-"): value for name, value in headers.items()},
    )


def test_calls_beyond_the_limit_of_an_address_are_refused_until_time_has_passed() -> None:
    web = public(rate_limit_reads_per_address="3/minute")

    statuses = [get(web).status_code for _ in range(5)]
    assert statuses == [200, 200, 200, 429, 429]
    refused = get(web)
    assert_error(refused, 429, "RATE_LIMITED", retryable=True)
    assert refused.json is not None
    assert refused.json["error"] == "over the limit of 3 calls per minute and address"
    assert refused.headers["Retry-After"] == "20"

    web.memory.clock.advance(20)
    assert get(web).status_code == 200
    assert get(web).status_code == 429


def test_answers_tell_how_a_caller_stands() -> None:
    web = public(rate_limit_reads_per_address="3/minute")

    answers = [get(web) for _ in range(4)]

    assert {each.headers["RateLimit-Policy"] for each in answers} == {'"reads-address";q=3;w=60'}
    assert [each.headers["RateLimit"] for each in answers] == [
        '"reads-address";r=2;t=20',
        '"reads-address";r=1;t=40',
        '"reads-address";r=0;t=60',
        '"reads-address";r=0;t=60',
    ]


def test_answers_say_nothing_of_limits_where_there_are_none() -> None:
    assert "RateLimit" not in get(public()).headers


def test_errors_are_charged_for_too() -> None:
    web = public(rate_limit_reads_per_address="2/minute")

    statuses = [web.client.get("/collections/none").status_code for _ in range(3)]

    assert statuses == [404, 404, 429]


def test_addresses_have_limits_of_their_own() -> None:
    web = public(rate_limit_reads_per_address="1/minute")

    assert [get(web, address).status_code for address in ("10.0.0.1", "10.0.0.2")] == [200, 200]
    assert get(web, "10.0.0.1").status_code == 429


def test_network_of_ipv6_is_one_address() -> None:
    web = public(rate_limit_reads_per_address="1/minute")

    assert get(web, "2001:db8::1").status_code == 200
    assert get(web, "2001:db8::2").status_code == 429
    assert get(web, "2001:db8:0:1::2").status_code == 200


def test_header_of_a_caller_that_is_no_trusted_proxy_is_not_believed() -> None:
    web = public(rate_limit_reads_per_address="1/minute", trusted_proxies="10.0.0.0/8")

    assert get(web, X_Forwarded_For="198.51.100.1").status_code == 200
    assert get(web, X_Forwarded_For="198.51.100.2").status_code == 429
    behind = [
        get(web, "10.0.0.1", X_Forwarded_For=f"198.51.100.{number}").status_code
        for number in (1, 2, 2)
    ]
    assert behind == [200, 200, 429]


@pytest.mark.parametrize("header", ["", ",", "x", ", ,", "1.2.3.4, [", "\x7f", "é", "1" * 5000])
def test_malformed_header_of_a_proxy_breaks_nothing(header: str) -> None:
    web = public(rate_limit_reads_per_address="9/minute", trusted_proxies="10.0.0.0/8")

    assert get(web, "10.0.0.1", X_Forwarded_For=header).status_code == 200


def test_kinds_have_limits_of_their_own() -> None:
    web = public(
        rate_limit_reads_per_address="1/minute",
        rate_limit_recognition_per_address="1/minute",
        rate_limit_bulk_per_address="1/minute",
    )
    photo = {"image": base64_of(PHOTO)}

    assert web.client.get("/collections/default").status_code == 200
    assert web.upload().status_code == 200
    index = {**photo, "collection_id": "default", "image_id": "a"}
    assert web.client.post("/faces/index", json=index).status_code == 202

    assert web.client.get("/collections").status_code == 429
    assert web.client.post("/faces/detect", json=photo).status_code == 429
    assert web.client.post("/faces/index", json=index).status_code == 429
    assert web.client.get("/health").status_code == 200
    assert web.client.get("/ready").status_code == 200


def test_refused_upload_leaves_nothing() -> None:
    web = public(rate_limit_recognition_per_address="1/minute")
    web.answers_after_s = None
    web.upload()
    web.inputs.objects.clear()
    web.queue.receive(limit=10, wait_s=0)
    sent = len(web.queue.bodies)

    assert_error(web.upload(), 429, "RATE_LIMITED")
    assert not web.inputs.objects
    assert len(web.queue.bodies) == sent


def test_batch_costs_its_photos_and_is_refused_before_anything_is_queued() -> None:
    web = public(rate_limit_bulk_per_address="10/minute")
    web.create("staff")

    first = web.client.post("/faces/index/batch", json={**BATCH, "s3_keys": list("abcdef")})
    second = web.client.post("/faces/index/batch", json={**BATCH, "s3_keys": list("ghijk")})
    third = web.client.post("/faces/index/batch", json={**BATCH, "s3_keys": list("lmno")})

    assert first.headers["RateLimit"] == '"bulk-address";r=4;t=36'
    assert_error(second, 429, "RATE_LIMITED")
    assert second.headers["Retry-After"] == "6"
    assert third.status_code == 202
    assert len(web.index_queue.bodies) == 10
    assert len([key for key in web.outputs.objects if key.endswith("photos.json")]) == 2


def test_prefix_costs_the_photos_below_it() -> None:
    web = public(rate_limit_bulk_per_address="10/minute")
    web.create("staff")
    for number in range(7):
        web.album.put(f"2026/{number}.jpg", PHOTO, content_type="image/jpeg")
    request = {**BATCH, "s3_prefix": "2026/"}

    assert web.client.post("/faces/index/batch", json=request).status_code == 202
    assert_error(web.client.post("/faces/index/batch", json=request), 429, "RATE_LIMITED")
    assert len(web.index_queue.bodies) == 7


def test_photos_that_callers_sent_to_s3_themselves_are_charged_before_s3_is_asked() -> None:
    web = public(rate_limit_bulk_per_address="2/minute")
    web.create("staff")
    keys = [f"{JOB}_{number}.jpg" for number in range(2)]
    request = {"collection_id": "staff", "s3_bucket": SETTINGS.s3_in_bucket, "s3_keys": keys}

    assert_error(web.client.post("/faces/index/batch", json=request), 404, "INPUT_MISSING")
    assert_error(web.client.post("/faces/index/batch", json=request), 429, "RATE_LIMITED")


def test_batch_beyond_the_limit_is_accepted_when_nothing_was_used() -> None:
    web = public(rate_limit_bulk_per_address="3/minute")
    web.create("staff")

    first = web.client.post("/faces/index/batch", json={**BATCH, "s3_keys": list("abcdef")})
    second = web.client.post("/faces/index/batch", json={**BATCH, "s3_keys": ["g"]})

    assert first.status_code == 202
    assert_error(second, 429, "RATE_LIMITED")
    assert second.headers["Retry-After"] == "80"


def keyed(**limits: str) -> Door:
    return Door(settings=limited("keys", **limits))


def calls(door: Door, key: dict[str, str], times: int, path: str = "/collections") -> list[int]:
    return [door.call("GET", path, key).status_code for _ in range(times)]


def test_keys_have_limits_of_their_own() -> None:
    door = keyed(rate_limit_reads="2/minute")
    one, other = door.key(), door.key()

    assert calls(door, one, 3) == [200, 200, 429]
    assert calls(door, other, 3) == [200, 200, 429]


def test_request_is_charged_to_key_and_address() -> None:
    door = keyed(rate_limit_reads="2/minute", rate_limit_reads_per_address="3/minute")
    answer = door.call("GET", "/collections", door.key())

    assert answer.headers["RateLimit"] == '"reads-address";r=2;t=20, "reads-key";r=1;t=30'
    assert calls(door, door.key(), 3) == [200, 200, 429]


def test_unknown_key_is_charged_to_its_address() -> None:
    door = keyed(rate_limit_reads_per_address="3/minute")
    unknown = {"X-API-Key": "efr_x"}

    assert calls(door, unknown, 5) == [401, 401, 401, 429, 429]
    assert calls(door, {}, 1) == [429]


def test_unknown_key_is_charged_where_the_call_has_no_limit() -> None:
    door = keyed(rate_limit_reads_per_address="1/minute")

    assert calls(door, {"X-API-Key": "efr_x"}, 2, "/ready") == [401, 429]
    assert calls(door, door.key(), 3, "/ready") == [200, 200, 200]


def test_key_without_the_scope_is_charged() -> None:
    door = keyed(rate_limit_reads="2/minute")

    assert calls(door, door.key("recognise"), 3, "/batches/{batch_id}") == [403, 403, 429]


def test_keys_are_limited_by_default_and_addresses_are_not() -> None:
    assert {which: str(rate) for which, rate in SETTINGS.rate_limits.items()} == {
        ("reads", "key"): "6000/minute",
        ("recognition", "key"): "1200/minute",
        ("bulk", "key"): "60000/hour",
    }


def test_off_is_no_limit() -> None:
    settings = limited(rate_limit_reads="off", rate_limit_recognition="off", rate_limit_bulk="off")

    assert not settings.rate_limits
    assert json_of(WebFixture(settings=settings).client.get("/ready"))["limits"] == "none"


def test_ready_says_that_the_process_counts_by_itself() -> None:
    assert json_of(public().client.get("/ready"))["limits"] == "process"


def test_every_call_that_needs_a_key_has_a_limit_but_ready() -> None:
    document = WebFixture().client.get("/openapi.json").get_json()
    unlimited = set()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            kind = operation["x-rate-limit"]
            if kind is None:
                unlimited.add(path)
                continue
            name = f"rate_limit_{kind}"
            door = keyed(**{name: "1/day"})
            key = door.key()
            first = door.call(method.upper(), path, key)
            assert first.status_code != 429, (method, path)
            second = door.call(method.upper(), path, key)
            assert_error(second, 429, "RATE_LIMITED")
            assert "RATE_LIMITED" in operation["responses"]["429"]["description"]
    assert unlimited == {"/health", "/ready"}


@pytest.mark.parametrize("body", [Body(form=MatchPhoto, files=("image",)), Body(json=IndexBatch)])
def test_operation_that_takes_photos_must_say_for_which_limit_they_count(body: Body) -> None:
    described: dict[str, Any] = {
        "tag": "x",
        "access": "enrol",
        "summary": "A new one",
        "answers": {200: Answer(text="x")},
        "curl": "/x",
        "body": body,
    }

    with pytest.raises(TypeError, match="A new one"):
        Operation(**described)
    assert Operation(**described, limit="bulk").kind == "bulk"


def test_time_of_idle_callers_is_not_lost_to_rounding() -> None:
    web = public(rate_limit_reads_per_address="10/minute")
    count = 0
    for _ in range(120):
        count += get(web).status_code == 200
        web.memory.clock.advance(5)

    assert count in (109, 110)


def test_caller_that_polls_without_a_pause_costs_one_look_at_s3_per_pause() -> None:
    web = public()
    web.answers_after_s = None
    job_id = json_of(web.upload(), 202)["job_id"]
    gets = web.outputs.gets
    answers = [web.client.get(f"/status/{job_id}") for _ in range(50)]

    assert {answer.status_code for answer in answers} == {202}
    assert {answer.headers["Retry-After"] for answer in answers} == {"7"}
    assert web.outputs.gets == gets
    other = web.client.get(f"/status/{job_id}", environ_base={"REMOTE_ADDR": "203.0.113.8"})
    assert other.status_code == 202
    assert web.outputs.gets == gets + 1

    web.results.write(failed(job_id, "A_CODE", "a reason"))
    web.memory.clock.advance(7)
    assert json_of(web.client.get(f"/status/{job_id}"))["status"] == "failed"
