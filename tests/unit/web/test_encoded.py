"""Photos in base64, as clients write it."""

import base64
import json
import textwrap
from collections.abc import Callable

import numpy as np
import pytest
from efr_web.requests.encoded import MOST_PER_BYTE, decoded
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidRequest
from tests.unit.web.web_fixture import PHOTO, WebFixture, assert_error, json_of


def plain(photo: bytes) -> str:
    return base64.b64encode(photo).decode()


def wrapped(text: str, *, ending: str = "\n") -> str:
    return ending.join(textwrap.wrap(text, 76)) + ending


WAYS: dict[str, Callable[[bytes], str]] = {
    "plain": plain,
    "wrapped": lambda photo: wrapped(plain(photo)),
    "mail": lambda photo: wrapped(plain(photo), ending="\r\n"),
    "unpadded": lambda photo: plain(photo).rstrip("="),
    "for URLs": lambda photo: base64.urlsafe_b64encode(photo).decode(),
    "for URLs, unpadded": lambda photo: base64.urlsafe_b64encode(photo).decode().rstrip("="),
    "data URI": lambda photo: f"data:image/jpeg;base64,{plain(photo)}",
    "data URI without type": lambda photo: f"data:;base64,{plain(photo)}",
    "data URI, odd": lambda photo: f"DATA:image/png;name=a.png;BASE64,{wrapped(plain(photo))}",
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
@given(photo=st.binary(min_size=1, max_size=300))
def test_base64_is_read_in_every_way_in_which_it_is_written(
    way: Callable[[bytes], str], photo: bytes
) -> None:
    assert decoded("image", way(photo)) == photo


@pytest.mark.parametrize(
    "text",
    [
        *("a", "abcde", "ab=c", "====", "ab===", "ab!d", "ab\u00e9d", "ab\x00d", "a%20b"),
        *("data:image/jpeg,abcd", "data:image/jpeg;base64", f"data:{'x' * 300};base64,abcd"),
        *("data:image/jpeg;base64,data:image/jpeg;base64,abcd", "http://x/y.jpg", "\ud800"),
    ],
)
def test_what_is_not_base64_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest, match="image: it is not base64"):
        decoded("image", text)


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
@pytest.mark.parametrize("field", ["image", "other_image"])
def test_service_takes_them_all(web: WebFixture, way: Callable[[bytes], str], field: str) -> None:
    body = {"image": plain(PHOTO), "other_image": plain(PHOTO), field: way(PHOTO)}

    assert json_of(web.client.post("/faces/verify", json=body))["same"]


def test_largest_photo_fits_into_a_body_however_it_is_written() -> None:
    photo = np.random.default_rng(7).bytes(1_000_000)

    text = json.dumps(wrapped(plain(photo), ending="\r\n"))

    assert len(text.replace("/", "\\/")) < MOST_PER_BYTE * len(photo)


def test_text_that_is_no_base64_is_named(web: WebFixture) -> None:
    response = web.client.post("/faces/detect", json={"image": "data:,hello"})

    assert_error(response, 400, "INVALID_REQUEST")
    assert response.get_json()["error"] == "image: it is not base64"
