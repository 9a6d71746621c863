"""Compare the processor time of a request to S3 by two clients; writes docs/benchmarks/s3.json.

    python -m benchmarks.service.bench_s3

Both send the same requests in turn to one LocalStack. Only this process's time counts.
"""

import argparse
import json
import os
import tempfile
import time
import uuid
from collections.abc import Callable, Mapping
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from benchmarks.common.interleaved import medians_ms
from core.aws.clients import s3_client
from core.aws.s3_objects import S3Objects
from harness.localstack import LocalStack
from harness.report import machine, measured_at

ROOT: Final = Path(__file__).resolve().parents[2]
ARTIFACT: Final = ROOT / "docs/benchmarks/s3.json"
_BYTES: Final = {"a result": 1_000, "a photo": 130_000}
_REQUESTS: Final = 50
_ROUNDS: Final = 9

Request = Callable[[], object]


def main() -> None:
    """Measure each kind of request and write the artifact."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    with tempfile.TemporaryDirectory() as folder:
        localstack = LocalStack(Path(folder)).start()
        try:
            kinds = _compared(localstack)
        finally:
            localstack.stop()
    artifact: dict[str, Any] = {
        "measured_at": measured_at(),
        "machine": machine(),
        "versions": {name: version(name) for name in ("boto3", "obstore")},
        "processor_ms": kinds,
    }
    ARTIFACT.write_text(json.dumps(artifact, indent=1) + "\n")
    print(json.dumps(artifact, indent=1))


def _compared(localstack: LocalStack) -> dict[str, dict[str, float]]:
    bucket = f"bench-{uuid.uuid4().hex[:12]}"
    settings = localstack.settings()
    s3, objects = s3_client(settings), S3Objects(settings, bucket, localstack.address)
    s3.create_bucket(Bucket=bucket)
    kinds = {}
    for name, size in _BYTES.items():
        body = os.urandom(size)
        kinds[f"write {name}"] = _processor_ms(
            {
                "boto3": partial(s3.put_object, Bucket=bucket, Key="key", Body=body),
                "obstore": partial(objects.put, "key", body, content_type="", metadata={}),
            }
        )
        kinds[f"read {name}"] = _processor_ms(
            {
                "boto3": lambda: s3.get_object(Bucket=bucket, Key="key")["Body"].read(),
                "obstore": partial(objects.get, "key"),
            }
        )
    return kinds


def _processor_ms(ways: Mapping[str, Request]) -> dict[str, float]:
    """Return the median milliseconds of each way for one request, and their ratio."""
    medians = medians_ms(ways, rounds=_ROUNDS, calls=_REQUESTS, clock=time.process_time)
    return {
        **{name: round(median, 3) for name, median in medians.items()},
        "ratio": round(medians["obstore"] / medians["boto3"], 2),
    }


if __name__ == "__main__":
    main()
