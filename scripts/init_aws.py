"""Makes the buckets and queues; running it again changes nothing.

Waits for S3 and SQS to answer first. Exit codes: 0 done, 1 AWS did not answer
in time, 2 a setting can't be used.
"""

import sys
from typing import Final

from tenacity import RetryError, retry, retry_if_exception_type, stop_after_delay, wait_fixed

from core.aws.provisioning import provision
from core.errors import InvalidSettings, ServiceUnavailable
from core.settings import Settings, load_settings

PATIENCE_S: Final = 60


@retry(
    retry=retry_if_exception_type(ServiceUnavailable),
    stop=stop_after_delay(PATIENCE_S),
    wait=wait_fixed(0.5),
    reraise=False,
)
def provision_when_ready(settings: Settings) -> None:
    """Provision as soon as S3 and SQS answer."""
    provision(settings)


def main() -> int:
    """Provision; return the exit code."""
    try:
        settings = load_settings()
        print(f"S3 and SQS: {settings.endpoint}", flush=True)
        provision_when_ready(settings)
    except InvalidSettings as error:
        print(f"settings: {error}", file=sys.stderr)
        return 2
    except RetryError as error:
        reason = error.last_attempt.exception()
        print(f"AWS did not answer within {PATIENCE_S} s: {reason}", file=sys.stderr)
        return 1
    print("Buckets and queues are there")
    return 0


if __name__ == "__main__":
    sys.exit(main())
