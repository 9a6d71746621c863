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
from tests.support.services.prometheus_server import binary

FILE = ROOT / "docker-compose.yml"
COMPOSE: dict[str, Any] = yaml.safe_load(FILE.read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
OBSERVERS = ["prometheus", "grafana"]
OURS = [name for name in SERVICES if name not in ("localstack", *OBSERVERS)]
BEHIND = {"web": 0, "counter": 1, "worker": 2}
"""How far behind METRICS_PORT a process shows its numbers."""
SHOWN = yaml.safe_load((ROOT / "deploy/prometheus/compose.yml").read_text())


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


def test_observers_start_beside_any_profile_and_need_nobody() -> None:
    for name in OBSERVERS:
        assert SERVICES[name]["profiles"] == ["observe"]
        assert "depends_on" not in SERVICES[name]
        assert "build" not in SERVICES[name]


def test_what_counts_the_queues_starts_and_ends_no_worker(tmp_path: Path) -> None:
    counters = [name for name in SERVICES if name.endswith("counter")]

    assert counters == ["counter", "local-counter", "aws-counter"]
    for name in counters:
        settings = settings_of(name, tmp_path, ASG_NAME="workers", MAX_WORKERS="9")
        assert (settings.max_workers, settings.asg_name) == (0, None)
        assert settings.worker_deployment is None
        assert SERVICES[name]["profiles"] == ["observe"]
    assert SERVICES["local-counter"]["volumes"] == SERVICES["local-worker"]["volumes"]


def test_images_of_others_are_pinned_and_name_no_registry() -> None:
    images = [service["image"] for service in SERVICES.values() if "image" in service]

    assert len(images) == 3
    assert all(re.fullmatch(r"[a-z]+/[a-z]+:v?\d+\.\d+\.\d+", image) for image in images)


def test_every_port_is_for_this_machine_alone_and_none_shows_metrics() -> None:
    ports = [
        filled(port, {}).split(":")
        for service in SERVICES.values()
        for port in service.get("ports", [])
    ]

    assert {host for host, _, _ in ports} == {"127.0.0.1"}
    assert {inside for _, _, inside in ports} == {"8000", "4566", "9090", "3000"}


def test_prometheus_reads_each_service_where_it_shows_its_numbers(tmp_path: Path) -> None:
    asked = [binary("promtool"), "check", "config", str(ROOT / "deploy/prometheus/compose.yml")]
    subprocess.run(asked, check=True, capture_output=True)

    (job,) = SHOWN["scrape_configs"]
    found = {name: each["port"] for each in job["dns_sd_configs"] for name in each["names"]}
    settings = {name: settings_of(name, tmp_path) for name in OURS if name != "init"}
    assert found == {
        name: (each.metrics_port or 0) + BEHIND[name.split("-")[-1]]
        for name, each in settings.items()
    }
    assert {each.metrics_host for each in settings.values()} == {"0.0.0.0"}  # noqa: S104
    parts = [rule["replacement"] for rule in job["relabel_configs"]]
    assert parts == ["workers", "web"]  # the second one is for names that end in "web"
    assert job["job_name"] == "efr"  # as the rules say


def test_grafana_finds_its_source_and_its_dashboard_where_compose_lays_them() -> None:
    mounts = dict(each.split(":")[:2] for each in SERVICES["grafana"]["volumes"])
    laid = {inside: ROOT / outside for outside, inside in mounts.items()}
    provisioning = laid["/etc/grafana/provisioning"]

    (source,) = yaml.safe_load(next(provisioning.glob("datasources/*.yml")).read_text())[
        "datasources"
    ]
    (provider,) = yaml.safe_load(next(provisioning.glob("dashboards/*.yml")).read_text())[
        "providers"
    ]
    home = SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert source["url"] == "http://prometheus:9090"
    assert provider["options"]["path"] in laid
    assert (laid[provider["options"]["path"]] / Path(home).name).is_file()


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
