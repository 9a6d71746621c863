"""Makes the buckets and queues; running it again changes nothing.

    python scripts/init_aws.py [--adopt] [--settings FILE.env]

Waits for S3 and SQS to answer first. Exit codes: 0 done, 1 AWS did not answer
in time, 2 a setting can't be used.
"""

import argparse
import sys
from pathlib import Path
from typing import Final

from tenacity import RetryError, retry, retry_if_exception_type, stop_after_delay, wait_fixed

from core.aws.provisioning import provision
from core.errors import InvalidSettings, ServiceUnavailable
from core.settings import Settings, load_settings, settings_of_file

PATIENCE_S: Final = 60


@retry(
    retry=retry_if_exception_type(ServiceUnavailable),
    stop=stop_after_delay(PATIENCE_S),
    wait=wait_fixed(0.5),
    reraise=False,
)
def provision_when_ready(settings: Settings, *, adopt: bool) -> list[str]:
    """Provision as soon as S3 and SQS answer; return the buckets that keep versions."""
    return provision(settings, adopt=adopt)


def main() -> int:
    """Provision; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--adopt",
        action="store_true",
        help="also take buckets that hold objects and queues that are set up otherwise; "
        "objects in the input and output buckets expire",
    )
    parser.add_argument(
        "--settings",
        type=Path,
        metavar="FILE.env",
        help="those of another deployment, as for 'efr move', and no others",
    )
    given = parser.parse_args()
    try:
        settings = load_settings() if given.settings is None else settings_of_file(given.settings)
        print(settings.whereabouts, flush=True)
        versioned = provision_when_ready(settings, adopt=given.adopt)
    except InvalidSettings as error:
        print(f"settings: {error}", file=sys.stderr)
        return 2
    except RetryError as error:
        reason = error.last_attempt.exception()
        print(f"AWS did not answer within {PATIENCE_S} s: {reason}", file=sys.stderr)
        return 1
    for bucket in versioned:
        print(
            f"warning: bucket {bucket} is versioned. The service removes old versions of what it "
            "deletes and replaces, which takes more requests; others' deletes leave them for a day",
            file=sys.stderr,
        )
    print("Buckets and queues are there")
    return 0


if __name__ == "__main__":
    sys.exit(main())
