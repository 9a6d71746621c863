"""The fleet that is a Deployment, at a server that answers as the cluster's API does."""

import json
import ssl
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from core.bootstrap.run_autoscaler import build_fleet
from core.errors import ServiceUnavailable
from core.scaling.autoscaler import Autoscaler
from core.scaling.deployment_fleet import WorkerDeployment
from core.scaling.policy import Depth, Limits
from core.settings import Settings
from core.testing import ManualClock

PATH = "/apis/apps/v1/namespaces/faces/deployments/efr-worker/scale"
TOKEN = "token-of-the-pod"


@dataclass
class Api:
    """What the server knows, and what it was asked."""

    replicas: int = 0
    token: str = TOKEN
    denied: bool = False
    asked: list[tuple[str, str, str | None, Any]] = field(default_factory=list)

    def answer(self, method: str, path: str, token: str | None, body: Any) -> tuple[int, Any]:
        if token != f"Bearer {self.token}":
            return 401, {"kind": "Status", "message": "Unauthorized"}
        if self.denied:
            return 403, {"kind": "Status", "message": "deployments/scale is forbidden"}
        if path != PATH:
            return 404, {"kind": "Status", "message": "not found"}
        if method == "PATCH":
            self.replicas = body["spec"]["replicas"]
        # As the API does, which leaves out a zero.
        spec = {"replicas": self.replicas} if self.replicas else {}
        return 200, {"kind": "Scale", "apiVersion": "autoscaling/v1", "spec": spec}


def handler_of(api: Api) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            said = json.loads(body) if body else None
            api.asked.append((self.command, self.path, self.headers["Content-Type"], said))
            status, answer = api.answer(
                self.command, self.path, self.headers["Authorization"], said
            )
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        do_GET = do_PATCH = _answer  # noqa: N815 - the library's names

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


def make_certificate(folder: Path) -> None:
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "1", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=DNS:localhost"),
            *("-keyout", folder / "key.pem", "-out", folder / "ca.crt"),
        ],
        check=True,
        capture_output=True,
    )


@pytest.fixture
def account(tmp_path: Path) -> Path:
    """Return the folder that the kubelet would mount."""
    make_certificate(tmp_path)
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    (tmp_path / "namespace").write_text("faces")
    return tmp_path


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def address(api: Api, account: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(api))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(account / "ca.crt", account / "key.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"https://localhost:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def fleet(address: str, account: Path) -> WorkerDeployment:
    return WorkerDeployment("efr-worker", api=address, account=account)


def test_number_of_workers_is_that_of_the_scale(fleet: WorkerDeployment, api: Api) -> None:
    assert fleet.count() == 0
    api.replicas = 3

    assert fleet.count() == 3
    assert [(method, path) for method, path, _, _ in api.asked] == [("GET", PATH)] * 2


def test_scaling_patches_the_replicas_alone(fleet: WorkerDeployment, api: Api) -> None:
    fleet.scale_to(7)
    fleet.scale_to(0)

    assert api.asked == [
        ("PATCH", PATH, "application/merge-patch+json", {"spec": {"replicas": 7}}),
        ("PATCH", PATH, "application/merge-patch+json", {"spec": {"replicas": 0}}),
    ]
    assert fleet.count() == 0


def test_pods_stay_when_the_autoscaler_ends(fleet: WorkerDeployment, api: Api) -> None:
    fleet.close()

    assert api.asked == []


def test_token_is_read_again_when_the_kubelet_renews_it(
    fleet: WorkerDeployment, api: Api, account: Path
) -> None:
    fleet.count()
    api.token = "next"
    with pytest.raises(ServiceUnavailable, match="401, Unauthorized"):
        fleet.count()
    (account / "token").write_text("next")

    assert fleet.count() == 0


def test_refusal_says_what_the_api_said(fleet: WorkerDeployment, api: Api) -> None:
    api.denied = True

    with pytest.raises(ServiceUnavailable, match="403, deployments/scale is forbidden"):
        fleet.scale_to(1)


def test_api_with_another_certificate_is_not_trusted(
    address: str, account: Path, api: Api, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("other")
    for name in ("token", "namespace"):
        (other / name).write_bytes((account / name).read_bytes())
    make_certificate(other)
    fleet = WorkerDeployment("efr-worker", api=address, account=other)

    with pytest.raises(ServiceUnavailable, match="certificate"):
        fleet.count()
    assert api.asked == []


def test_pod_without_a_token_is_told_so(tmp_path: Path) -> None:
    fleet = WorkerDeployment("efr-worker", account=tmp_path)

    with pytest.raises(ServiceUnavailable, match="token"):
        fleet.count()


def test_setting_chooses_the_deployment() -> None:
    fleet = build_fleet(Settings(_env_file=None, worker_deployment="efr-worker"))

    assert isinstance(fleet, WorkerDeployment)


@pytest.mark.parametrize(
    "others", [{"asg_name": "group"}, {"storage": "file:///a", "queue": "sqlite:///a/q"}]
)
def test_there_is_one_fleet(others: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="WORKER_DEPLOYMENT"):
        Settings(_env_file=None, worker_deployment="efr-worker", **others)


def test_autoscaler_sizes_the_deployment_by_the_queues(fleet: WorkerDeployment, api: Api) -> None:
    depths = [Depth(visible=45, in_flight=0), Depth(visible=0, in_flight=0)]
    clock = ManualClock()
    autoscaler = Autoscaler(
        depth=lambda: depths[0],
        worked=lambda: False,
        fleet=fleet,
        limits=Limits(max_workers=5, children=2, target_latency_s=5, cool_down_s=60),
        interval_s=2,
        clock=clock,
    )

    autoscaler.step()
    assert api.replicas == 3  # 45 jobs of 0.5 s in 5 s, by two children each

    depths.pop(0)
    autoscaler.step()
    assert api.replicas == 3
    clock.advance(61)
    autoscaler.step()
    assert api.replicas == 0
