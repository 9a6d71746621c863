"""The running service answers as its own description says."""

from typing import Any
from uuid import uuid4

import pytest
import requests
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import validate

from harness.waiting import wait_until
from tests.e2e.conftest import Service
from tests.support.photos import sample


class Client:
    """Sends requests and holds every answer against the document."""

    def __init__(self, address: str) -> None:
        self._address = address
        self.document: dict[str, Any] = requests.get(f"{address}/openapi.json", timeout=10).json()

    def send(self, method: str, path: str, described: str = "", **body: Any) -> requests.Response:
        """Send a request; ``described`` is its path in the document."""
        answer = requests.request(method, self._address + path, timeout=60, **body)
        operation = self.document["paths"][described or path][method.lower()]
        responses = operation["responses"]
        assert str(answer.status_code) in responses, answer.text
        content = responses[str(answer.status_code)].get("content", {})
        if "application/json" in content:
            schema = {
                **content["application/json"]["schema"],
                "components": self.document["components"],
            }
            OAS31Validator(schema).validate(answer.json())
        return answer


@pytest.fixture
def client(service: Service) -> Client:
    return Client(service.address)


def test_document_and_page_are_served(client: Client, service: Service) -> None:
    validate(client.document)
    page = requests.get(f"{service.address}/docs", timeout=10)
    assert page.headers["Content-Type"].startswith("text/html")
    script = requests.get(f"{service.address}/docs/swagger-ui-bundle.js", timeout=10)
    assert script.headers["Content-Type"].startswith("text/javascript")


def test_person_is_indexed_matched_verified_renamed_and_forgotten(client: Client) -> None:
    collection_id = f"journey-{uuid4()}"
    place = f"/collections/{collection_id}"
    described = "/collections/{collection_id}"
    photo = {"image": sample("Joe Biden/biden.jpg")}
    made = client.send("POST", "/collections", json={"collection_id": collection_id})
    assert made.status_code == 201

    submitted = client.send(
        "POST",
        "/faces/index",
        files=photo,
        data={"collection_id": collection_id, "image_id": "biden-1", "person": "Joe Biden"},
    )
    status = submitted.headers["Location"]
    wait_until(
        lambda: client.send("GET", status, "/status/{job_id}").status_code == 200, seconds=60
    )
    indexed = client.send("GET", status, "/status/{job_id}").json()
    assert [record["person"] for record in indexed["face_records"]] == ["Joe Biden"], indexed

    def matches() -> list[dict[str, Any]]:
        answer = client.send(
            "POST", "/faces/match", files=photo, data={"collection_id": collection_id}
        ).json()
        found: list[dict[str, Any]] = answer["faces"][0]["matches"]
        return found

    wait_until(lambda: bool(matches()), what="the face to be found")
    assert matches()[0]["person"] == "Joe Biden"
    verified = client.send(
        "POST",
        "/faces/verify",
        files=photo,
        data={"collection_id": collection_id, "person": "Joe Biden"},
    ).json()
    assert verified["same"]
    person = f"{described}/persons/{{name}}"
    client.send("PATCH", f"{place}/persons/Joe Biden", person, json={"name": "Joseph"})
    assert client.send("GET", f"{place}/persons/Joseph", person).json()["faces"]

    assert client.send("DELETE", f"{place}/persons/Joseph", person).status_code == 204

    assert client.send("GET", f"{place}/persons/Joseph", person).status_code == 404
    assert client.send("GET", status, "/status/{job_id}").status_code == 404
    wait_until(lambda: not matches(), what="the face to be forgotten")
    assert client.send("DELETE", place, described).status_code == 204


def test_two_photos_are_compared_and_faces_detected(client: Client) -> None:
    obama, biden = sample("Barack Obama/obama.jpg"), sample("Joe Biden/biden.jpg")
    other = sample("Barack Obama/obama2.jpg")

    same = client.send("POST", "/faces/verify", files={"image": obama, "other_image": other})
    different = client.send("POST", "/faces/verify", files={"image": obama, "other_image": biden})
    detected = client.send("POST", "/faces/detect", files={"image": obama})

    assert same.json()["same"]
    assert not different.json()["same"]
    assert len(detected.json()["faces"]) == 1
