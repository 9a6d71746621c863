"""A fleet that is the pods of one Deployment in this pod's namespace."""

import json
from pathlib import Path
from typing import Final

import urllib3
from urllib3.exceptions import HTTPError

from core.errors import ServiceUnavailable

API: Final = "https://kubernetes.default.svc"
ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where the kubelet puts the pod's token, the API's certificate and the namespace's name."""
_TIMEOUT_S: Final = 10.0
_MERGE_PATCH: Final = "application/merge-patch+json"


class WorkerDeployment:
    """The pods of one Deployment; keeps the contract of ``WorkerFleet``.

    Only the number of replicas is set, through the ``scale`` subresource: which pod is ended is
    the ReplicaSet's affair. The pods outlive this process.

    Parameters
    ----------
    name : str
        The Deployment's name.
    api : str
        Address of the cluster's API.
    account : Path
        Folder of ``token``, ``ca.crt`` and ``namespace``.
    """

    def __init__(self, name: str, *, api: str = API, account: Path = ACCOUNT) -> None:
        self._name = name
        self._api = api
        self._account = account
        self._pool: urllib3.PoolManager | None = None

    def count(self) -> int:
        # The API leaves out a zero.
        replicas = self._ask("GET").get("spec", {}).get("replicas", 0)
        return int(replicas)

    def scale_to(self, workers: int) -> None:
        """Set the number of replicas."""
        self._ask("PATCH", {"spec": {"replicas": workers}})

    def close(self) -> None:
        """Leave the pods: they are not this process's."""

    def _ask(self, method: str, patch: object = None) -> dict[str, dict[str, int]]:
        try:
            # Read each time: the kubelet puts another one there before it expires.
            token = (self._account / "token").read_text().strip()
            namespace = (self._account / "namespace").read_text().strip()
            response = self._pooled().request(
                method,
                f"{self._api}/apis/apps/v1/namespaces/{namespace}/deployments/{self._name}/scale",
                headers={"Authorization": f"Bearer {token}", "Content-Type": _MERGE_PATCH},
                body=None if patch is None else json.dumps(patch),
            )
            answer = json.loads(response.data)
        except (OSError, HTTPError, ValueError) as error:
            raise ServiceUnavailable(f"Deployment {self._name}: {error}") from error
        if response.status != 200 or not isinstance(answer, dict):
            reason = answer.get("message") if isinstance(answer, dict) else answer
            raise ServiceUnavailable(f"Deployment {self._name}: {response.status}, {reason}")
        return answer

    def _pooled(self) -> urllib3.PoolManager:
        if self._pool is None:
            self._pool = urllib3.PoolManager(
                ca_certs=str(self._account / "ca.crt"), retries=False, timeout=_TIMEOUT_S
            )
        return self._pool
