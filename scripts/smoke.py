"""Proves that the running service names a person.

    python -m scripts.smoke

Enrols one sample photo a person, uploads another photo of the first person,
and does it once more without waiting. Prints PASS and exits with 0, or
``FAIL: reason`` and exits with 1.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import requests

from core.errors import FaceServiceError
from core.settings import load_settings
from scripts.samples import PHOTOS, SAMPLES

PERSON: Final = "Barack Obama"
PATIENCE_S: Final = 60
NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})


class SmokeError(Exception):
    """Raised when the service does not do what it promises."""


def enrol_one_photo_a_person(environment: Mapping[str, str] | None) -> None:
    """Enrol the first sample of every person with the enrolment script."""
    with tempfile.TemporaryDirectory() as folder:
        for person, names in PHOTOS.items():
            target = Path(folder) / person
            target.mkdir()
            (target / names[0]).symlink_to(SAMPLES / person / names[0])
        script = Path(__file__).with_name("enroll.py")
        done = subprocess.run([sys.executable, script, folder], check=False, env=environment)
        if done.returncode != 0:
            raise SmokeError("the sample photos could not be enrolled")


def check_health(address: str, headers: Mapping[str, str]) -> None:
    """Ask whether the web tier is alive."""
    answer = requests.get(f"{address}/health", headers=headers, timeout=5)
    if answer.json() != {"status": "ok"}:
        raise SmokeError(f"/health answered {answer.status_code}: {answer.text}")


def upload(address: str, photo: Path, headers: Mapping[str, str]) -> requests.Response:
    """Post a photo as a browser would."""
    with photo.open("rb") as content:
        return requests.post(
            f"{address}/", files={"inputFile": content}, headers=headers, timeout=PATIENCE_S
        )


def poll(address: str, accepted: requests.Response, headers: Mapping[str, str]) -> dict[str, Any]:
    """Follow a 202 to its end."""
    if accepted.status_code != 202:
        raise SmokeError(f"upload answered {accepted.status_code}: {accepted.text}")
    deadline_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline_s:
        answer = requests.get(address + accepted.headers["Location"], headers=headers, timeout=5)
        if answer.status_code != 202:
            return dict(answer.json())
        time.sleep(float(answer.headers["Retry-After"]))
    raise SmokeError(f"no result within {PATIENCE_S} s: {accepted.text}")


def require_name(result: dict[str, Any]) -> None:
    """Fail unless the right person was named."""
    if result.get("result") != PERSON:
        raise SmokeError(f"expected {PERSON!r}, got {result}")


def runner_up(result: dict[str, Any]) -> str:
    """Return who comes behind the person; fail unless that is another one, less similar."""
    (named,) = (face for face in result["faces"] if face["name"] == PERSON)
    other = named["runner_up"]
    if other is None or other["name"] == PERSON or other["similarity"] >= named["similarity"]:
        raise SmokeError(f"expected another person as the runner-up, got {named}")
    return f"{other['name']}, {other['similarity']} behind {named['similarity']}"


def smoke(
    address: str,
    *,
    headers: Mapping[str, str] = NO_HEADERS,
    environment: Mapping[str, str] | None = None,
) -> None:
    """Run every step, printing each when it is done.

    Parameters
    ----------
    address : str
        Of the web tier.
    headers : mapping
        What callers send, such as a key.
    environment : mapping, optional
        Variables of the command that enrols; this process's own unless given.
    """
    _, waited_photo, polled_photo = (SAMPLES / PERSON / name for name in PHOTOS[PERSON])
    enrol_one_photo_a_person(environment)

    print(f"Smoke test without waiting against {address}")
    accepted = upload(address, polled_photo, {**headers, "Prefer": "respond-async"})
    polled = poll(address, accepted, headers)
    require_name(polled)
    print(f"202 for job_id={polled['job_id']}, polled to status={polled['status']}")
    print(f"Result: {polled['result']}")

    print(f"Smoke test against {address}")
    check_health(address, headers)
    print("Health check OK")
    answer = upload(address, waited_photo, headers)
    # On a busy machine the answer may take longer than the server waits.
    done = poll(address, answer, headers) if answer.status_code == 202 else answer.json()
    require_name(done)
    print(f"Upload OK, job_id={done['job_id']}, status={done['status']}")
    print(f"Result: {done['result']}")
    print(f"Runner-up: {runner_up(done)}")


def main() -> int:
    """Run the smoke test; return the exit code."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    try:
        smoke(load_settings().web_address)
    except (
        SmokeError,
        FaceServiceError,
        requests.RequestException,
        OSError,
        LookupError,
        ValueError,
    ) as error:
        print(f"FAIL: {error}")
        return 1
    print("PASS")
    return 0


if __name__ == "__main__":
    sys.exit(main())
