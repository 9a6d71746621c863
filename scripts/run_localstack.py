"""Becomes LocalStack: real S3 and SQS on this machine, as a plain process.

    python scripts/run_localstack.py [--port 4566] [--folder var/localstack]

It runs in a virtual environment of its own, whose dependencies would clash
with ours. Nothing is kept when it ends.
"""

import argparse
import os
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
PYTHON: Final = ROOT / ".venv-localstack" / "bin" / "python"

# LocalStack takes only the port from GATEWAY_LISTEN and would answer the whole
# network, which it lets in without a password.
ON_LOOPBACK: Final = """
import functools, runpy
from twisted.internet import endpoints
endpoints.TCP4ServerEndpoint = functools.partial(
    endpoints.TCP4ServerEndpoint, interface="127.0.0.1"
)
runpy.run_module("localstack.runtime.main", run_name="__main__")
"""


def main() -> None:
    """Replace this process by LocalStack."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=4566)
    parser.add_argument("--folder", type=Path, default=ROOT / "var" / "localstack")
    options = parser.parse_args()
    if not PYTHON.exists():
        sys.exit(f"{PYTHON.relative_to(ROOT)} is missing: run 'make install'")
    folder = options.folder.resolve()
    temporary = folder / "tmp"  # LocalStack empties it at its start: several may start at once
    temporary.mkdir(parents=True, exist_ok=True)
    environment = {
        **os.environ,  # noqa: TID251 - handed on to LocalStack, not read
        "SERVICES": "s3,sqs",
        "EAGER_SERVICE_LOADING": "1",
        "DNS_ADDRESS": "0",
        "SKIP_SSL_CERT_DOWNLOAD": "1",
        "DISABLE_EVENTS": "1",
        "GATEWAY_LISTEN": f"127.0.0.1:{options.port}",
        "FILESYSTEM_ROOT": str(folder),
        "TMPDIR": str(temporary),
    }
    os.execve(PYTHON, [str(PYTHON), "-c", ON_LOOPBACK], environment)  # noqa: S606


if __name__ == "__main__":
    main()
