"""The deployment on AWS, as Terraform plans it without an account."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests
from efr_web.requests.photos import most_body_bytes

from core.bootstrap.run_autoscaler import drain_seconds
from core.settings import Settings, load_settings
from core.settings.queue_plans import queue_plans
from harness.localstack import free_port
from harness.terraform.check import check
from harness.terraform.program import Terraform
from harness.waiting import wait_until
from tests.support.models import models_dir
from tests.support.photos import ROOT, SHARED
from tests.support.services.instance import Instance, require_terraform

SECRET = "redis://127.0.0.1:9/0"
"""Nothing listens at that port."""
AWAY = {
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
}
"""AWS that does not answer, which stops no start."""


@pytest.fixture(scope="module")
def terraform(tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    require_terraform()
    return Terraform.in_copy(tmp_path_factory.mktemp("terraform") / "deploy")


@pytest.fixture(scope="module")
def plan(terraform: Terraform) -> dict[str, Any]:
    return terraform.plan_of("whole.tftest.hcl", "whole")


@pytest.fixture(scope="module")
def containers(plan: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = plan["output_changes"]["containers"]["after"]
    return found


@pytest.fixture(scope="module")
def instance(containers: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Instance:
    return Instance(tmp_path_factory.mktemp("instance"), containers["worker"], secret=SECRET)


@pytest.fixture(scope="module")
def environments(containers: dict[str, Any], instance: Instance) -> dict[str, dict[str, str]]:
    """Return what each process finds in its environment; ECS fills in the secrets."""
    found = {"worker": instance.environment}
    for part in ("web", "autoscaler"):
        found[part] = {each["name"]: each["value"] for each in containers[part]["environment"]}
        found[part] |= {each["name"]: SECRET for each in containers[part]["secrets"]}
    return found


def settings_of(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, folder: Path
) -> Settings:
    monkeypatch.chdir(folder)  # no .env
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return load_settings()


def test_deployment_holds_what_its_tests_say(terraform: Terraform) -> None:
    assert re.match(r"\d+ runs and 2 examples passed", check(terraform))


@pytest.mark.parametrize("part", ["web", "worker", "autoscaler"])
def test_every_part_gets_settings_that_it_takes(
    part: str,
    environments: dict[str, dict[str, str]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    environment = environments[part]

    settings = settings_of(environment, monkeypatch, tmp_path)

    unknown = {name for name in environment if name.lower() not in Settings.model_fields}
    unknown -= {"GUNICORN_CMD_ARGS"}
    assert unknown == set()
    assert settings.s3_in_bucket == "efr-123456789012-input"
    assert settings.redis_url is not None
    assert settings.aws_access_key_id is None


def test_parts_agree_on_what_they_share(environments: dict[str, dict[str, str]]) -> None:
    web, worker, autoscaler = (environments[part] for part in ("web", "worker", "autoscaler"))
    for name in web.keys() & worker.keys() & autoscaler.keys():
        assert web[name] == worker[name] == autoscaler[name], name
    assert worker["WORKER_PROCESSES"] == autoscaler["WORKER_PROCESSES"]
    assert worker["ASG_NAME"] == autoscaler["ASG_NAME"]


def test_queues_are_those_that_the_service_makes_itself(
    plan: dict[str, Any],
    environments: dict[str, dict[str, str]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    settings = settings_of(environments["worker"], monkeypatch, tmp_path)
    planned = {
        change["change"]["after"]["name"]: change["change"]["after"]
        for change in plan["resource_changes"]
        if change["type"] == "aws_sqs_queue"
    }

    wanted = {queue.name: queue for queue in queue_plans(settings)}

    assert planned.keys() == wanted.keys()
    for name, queue in wanted.items():
        assert planned[name]["message_retention_seconds"] == queue.retention_s
        if queue.visibility_s is not None:
            assert planned[name]["visibility_timeout_seconds"] == queue.visibility_s


def test_instance_starts_a_worker_that_only_root_can_read_the_secrets_of(
    instance: Instance,
) -> None:
    assert instance.ended.returncode == 0, instance.ended.stderr
    file = instance.files / "efr" / "efr.env"
    assert file.stat().st_mode & 0o777 == 0o600
    assert instance.environment["REDIS_URL"] == SECRET
    calls = instance.calls.read_text().splitlines()
    assert calls[-1] == "systemctl enable --now efr-worker.service"
    assert not any(call.startswith("shutdown") for call in calls)


def test_instance_whose_start_fails_ends_itself(containers: dict[str, Any], tmp_path: Path) -> None:
    broken = containers["worker"].replace("aws ssm get-parameter", "false")

    instance = Instance(tmp_path, broken, secret=SECRET)

    assert instance.ended.returncode != 0
    assert "shutdown -h now" in instance.calls.read_text()
    assert "efr-worker.service" not in instance.calls.read_text()


def test_systemd_reads_the_units_of_an_instance(instance: Instance, tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed: the units of systemd are not verified")
    units = tmp_path / "units"
    shutil.copytree(instance.files / "systemd" / "system", units)
    (units / "docker.service").write_text("[Service]\nExecStart=/bin/true\n")
    for file in units.rglob("*"):
        if file.is_file():
            file.write_text(file.read_text().replace("/usr/bin/docker", "/bin/true"))
            file.write_text(file.read_text().replace("/opt/efr/venv/bin/efr", "/bin/true"))

    verified = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", units / "efr-worker.service"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert [line for line in verified.stderr.splitlines() if "efr-worker" in line] == []
    assert verified.returncode == 0


def test_worker_has_the_time_to_drain_that_its_settings_ask_for(
    plan: dict[str, Any],
    environments: dict[str, dict[str, str]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    settings = settings_of(environments["worker"], monkeypatch, tmp_path)
    (hook,) = [
        change["change"]["after"]
        for change in plan["resource_changes"]
        if change["type"] == "aws_autoscaling_lifecycle_hook"
    ]

    assert drain_seconds(settings) < hook["heartbeat_timeout"] < 120


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Any]:
    """Return what starts a command of a container, in the checkout instead of the image."""
    running: list[subprocess.Popen[bytes]] = []

    def start(command: list[str], environment: dict[str, str]) -> Path:
        log = tmp_path / "log"
        program = {
            "python": sys.executable,
            "gunicorn": str(Path(sys.executable).parent / "gunicorn"),
        }
        with log.open("wb") as output:
            running.append(
                subprocess.Popen(
                    [program[command[0]], *command[1:]],
                    cwd=ROOT,
                    env={
                        "PATH": os.environ["PATH"],  # noqa: TID251 - handed on
                        "PYTHONPATH": f"{ROOT}:{ROOT}/cli:{ROOT}/web-tier",
                        **environment,
                        **AWAY,
                        "FACE_MODELS_DIR": str(models_dir()),
                        "EC2_METADATA_URL": "",
                        "LOG_LEVEL": "INFO",
                    },
                    stdout=output,
                    stderr=subprocess.STDOUT,
                )
            )
        return log

    yield start
    for process in running:
        children = (
            psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
        )
        process.terminate()
        process.wait(60)
        psutil.wait_procs(children, timeout=10)


def image_command(part: str) -> list[str]:
    """Return what an image starts by itself."""
    text = (ROOT / "docker" / part / "Dockerfile").read_text()
    found: list[str] = json.loads(re.findall(r"^CMD (.*)$", text, flags=re.M)[-1])
    return found


def planned(plan: dict[str, Any], kind: str) -> dict[str, Any]:
    """Return the one resource of a kind."""
    (found,) = (each for each in plan["resource_changes"] if each["type"] == kind)
    after: dict[str, Any] = found["change"]["after"]
    return after


def test_web_tier_keeps_connections_longer_than_the_load_balancer(
    plan: dict[str, Any], environments: dict[str, dict[str, str]]
) -> None:
    shown = subprocess.run(
        [Path(sys.executable).parent / "gunicorn", "--print-config", *image_command("web")[1:]],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT}:{ROOT}/web-tier"}  # noqa: TID251 - handed on
        | environments["web"]
        | AWAY,
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    kept_s = int(re.findall(r"^keepalive\s*= (\d+)$", shown, flags=re.M)[0])
    assert kept_s > planned(plan, "aws_lb")["idle_timeout"]


def test_firewall_lets_through_all_that_the_web_tier_takes(plan: dict[str, Any]) -> None:
    rules = {rule["name"]: rule for rule in planned(plan, "aws_wafv2_web_acl")["rule"]}
    (by_size,) = rules["huge"]["statement"][0]["size_constraint_statement"]
    longest = most_body_bytes(Settings(_env_file=None).max_file_bytes)
    photos = [path.stat().st_size for path in SHARED.rglob("*") if path.is_file()]

    assert by_size["field_to_match"][0]["single_header"][0]["name"] == "content-length"
    assert by_size["comparison_operator"] == "GT"
    # It is the text of the header that is measured.
    assert len(str(longest)) <= by_size["size"]
    assert all(len(str(size)) <= by_size["size"] for size in photos)
    # One of AWS's rules refuses bodies over 8 KB, in the group of common ones.
    groups = {
        group["name"]
        for rule in rules.values()
        for statement in rule["statement"]
        for group in statement["managed_rule_group_statement"]
    }
    assert groups == {
        "AWSManagedRulesKnownBadInputsRuleSet",
        "AWSManagedRulesAmazonIpReputationList",
    }


def test_internet_reaches_the_load_balancer_alone(plan: dict[str, Any]) -> None:
    changes = plan["resource_changes"]
    groups = [each["change"]["after"] for each in changes if each["type"] == "aws_security_group"]
    rules = [each for each in changes if each["type"] == "aws_vpc_security_group_ingress_rule"]
    open_rules = {
        each["address"]: each["change"]["after"]["from_port"]
        for each in rules
        if {"0.0.0.0/0", "::/0"}
        & {each["change"]["after"]["cidr_ipv4"], each["change"]["after"]["cidr_ipv6"]}
    }

    assert open_rules == {
        "module.network.aws_vpc_security_group_ingress_rule.https": 443,
        "module.network.aws_vpc_security_group_ingress_rule.redirect": 80,
    }
    assert not any(group.get("ingress") for group in groups)
    assert not any(each["type"] == "aws_security_group_rule" for each in changes)


def test_web_container_tells_the_load_balancer_that_it_has_not_reached_s3(
    plan: dict[str, Any],
    containers: dict[str, Any],
    environments: dict[str, dict[str, str]],
    started: Any,
) -> None:
    assert "command" not in containers["web"]
    probes = [
        each["change"]["after"]["health_check"][0]
        for each in plan["resource_changes"]
        if each["type"] == "aws_lb_target_group"
    ]
    assert {each["port"] for each in probes} == {environments["web"]["METRICS_PORT"]}
    ports = {"WEB_PORT": str(free_port()), "METRICS_PORT": str(free_port())}

    log = started(image_command("web"), environments["web"] | ports)

    def answer(port: str, path: str) -> int:
        try:
            return requests.get(f"http://127.0.0.1:{ports[port]}{path}", timeout=5).status_code
        except requests.RequestException:
            return 0

    wait_until(lambda: answer("WEB_PORT", "/health") == 200, what="the web tier to start")
    wait_until(lambda: "dependency is missing" in log.read_text(), what="S3 to be missed")
    assert {answer("METRICS_PORT", each["path"]) for each in probes} == {503}


@pytest.mark.parametrize("part", ["worker", "autoscaler"])
def test_other_commands_start_their_process(
    part: str,
    containers: dict[str, Any],
    instance: Instance,
    environments: dict[str, dict[str, str]],
    started: Any,
) -> None:
    command = instance.command if part == "worker" else containers[part]["command"]

    log = started(command, environments[part])

    wait_until(
        lambda: f'"message": "{part} started"' in log.read_text(),
        seconds=90,
        what=f"the {part} to start",
    )
