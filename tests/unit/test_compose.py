"""The Compose file: its form, and the settings and volumes of each profile."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.settings import Settings
from tests.support.photos import ROOT

FILE = ROOT / "docker-compose.yml"
COMPOSE: dict[str, Any] = yaml.safe_load(FILE.read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = [name for name in SERVICES if name != "localstack"]


def filled(value: str, variables: dict[str, str]) -> str:
    """Return a value as Compose fills it in."""
    return re.sub(
        r"\$\{(\w+):-(.*?)\}", lambda found: variables.get(found[1]) or found[2], str(value)
    )


def settings_of(service: str, tmp_path: Path, **variables: str) -> Settings:
    """Return what a service's process reads."""
    file = tmp_path / "environment"
    given = SERVICES[service]["environment"].items()
    file.write_text("".join(f"{name}={filled(value, variables)}\n" for name, value in given))
    return Settings(_env_file=file)


def test_form_is_that_of_the_specification() -> None:
    command = [
        *(sys.executable, "-m", "check_jsonschema"),
        *("--builtin-schema", "vendor.compose-spec", str(FILE)),
    ]

    checked = subprocess.run(command, capture_output=True, text=True, check=False)

    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_profiles_are_beside_what_starts_without_one() -> None:
    profiles = {name: service.get("profiles", []) for name, service in SERVICES.items()}

    assert [name for name, each in profiles.items() if not each] == [
        "localstack",
        "init",
        "web",
        "worker",
    ]
    for profile in ("local", "aws"):
        members = [name for name, each in profiles.items() if profile in each]
        assert members == [f"{profile}-web", f"{profile}-worker"]
        for name in members:
            # What they need must start with them, and LocalStack must not.
            assert set(SERVICES[name].get("depends_on", {})) <= set(members)
            assert SERVICES[name]["restart"] == "unless-stopped"


@pytest.mark.parametrize("service", OURS)
def test_service_has_settings_that_it_can_start_with(service: str, tmp_path: Path) -> None:
    settings = settings_of(service, tmp_path, AWS_ENDPOINT_URL="http://localhost:4566")

    assert settings.auth == "keys"
    assert settings.whereabouts == {
        "local": "Storage: /var/lib/efr; queues: /var/lib/efr/queues.sqlite",
        "aws": "S3 and SQS: AWS itself, region us-east-1",
    }.get(service.partition("-")[0], "S3 and SQS: http://localstack:4566")


def test_services_of_aws_take_another_store(tmp_path: Path) -> None:
    settings = settings_of("aws-web", tmp_path, COMPOSE_AWS_ENDPOINT_URL_S3="http://store:9000")

    assert settings.s3_endpoint == "http://store:9000"
    assert settings.sqs_endpoint is None


def test_volume_is_that_of_the_settings_and_belongs_to_the_images_user(tmp_path: Path) -> None:
    for service in ("local-web", "local-worker"):
        (mount,) = SERVICES[service]["volumes"]
        volume, _, folder = mount.partition(":")
        assert volume in COMPOSE["volumes"]
        assert settings_of(service, tmp_path).home_folder == Path(folder)
        dockerfile = (ROOT / SERVICES[service]["build"]["dockerfile"]).read_text()
        (user,) = re.findall(r"^USER (\d+):\1$", dockerfile, flags=re.MULTILINE)
        assert f"install -d -o {user} -g {user} -m 0700 {folder}\n" in dockerfile


@pytest.mark.parametrize("service", [name for name in OURS if name != "init"])
def test_service_may_finish_before_it_is_killed(service: str, tmp_path: Path) -> None:
    settings = settings_of(service, tmp_path)
    needed_s = (
        settings.max_wait_seconds + 5
        if service.endswith("web")
        else settings.shutdown_grace_seconds + settings.sqs_wait_time_seconds
    )

    assert int(SERVICES[service]["stop_grace_period"].removesuffix("s")) > needed_s
