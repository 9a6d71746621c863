"""The supervisord that runs the programs of the service on this machine."""

from typing import Any, Final
from xmlrpc.client import Fault, ServerProxy

from supervisor.xmlrpc import SupervisorTransport

SOCKET: Final = "var/run/supervisor.sock"


class LocalError(Exception):
    """Raised when the service can't be started or stopped here."""


class Supervisor:
    """The calls of supervisord's XML-RPC interface that are used here."""

    def is_up(self) -> bool:
        """Tell whether it runs, or is still shutting down."""
        try:
            return bool(self._call("getState"))
        except OSError:
            return False

    def states(self) -> dict[str, str]:
        programs = self._call("getAllProcessInfo")
        return {program["name"]: program["statename"] for program in programs}

    def pids(self) -> dict[str, int]:
        """Return the process of each program that runs."""
        programs = self._call("getAllProcessInfo")
        return {program["name"]: program["pid"] for program in programs if program["pid"]}

    def start(self, program: str) -> None:
        if self.states()[program] != "RUNNING":
            self._call("startProcess", program)

    def shutdown(self) -> None:
        self._call("shutdown")

    def _call(self, method: str, *arguments: str) -> Any:
        # A transport that failed once can't be used again.
        transport = SupervisorTransport(serverurl=f"unix://{SOCKET}")
        proxy = ServerProxy("http://localhost", transport=transport)
        try:
            return getattr(proxy.supervisor, method)(*arguments)
        except Fault as error:
            raise LocalError(f"supervisord: {error.faultString}; see var/log/") from error
        finally:
            transport.close()
