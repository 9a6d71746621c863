"""The environment's variables, and which of them the AWS clients may see.

Only what all clients read alike stays in this process's environment.

boto3, obstore and LanceDB each read variables of their own. LanceDB hands every
variable that is named like one of its options to its S3 client, with and without
``AWS_`` before it, and some of them win over what it was told: with ``REGION`` or
``ENDPOINT_URL_S3`` set, galleries would go to another store than photos.
"""

import os
import re
from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any, Final

from pydantic_settings import DotEnvSettingsSource

_READ_BY_ALL: Final = re.compile(
    r"AWS_(REGION|ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN|PROFILE|CONFIG_FILE"
    r"|SHARED_CREDENTIALS_FILE|CA_BUNDLE|ROLE_ARN|ROLE_SESSION_NAME|WEB_IDENTITY_TOKEN_FILE"
    r"|CONTAINER_\w+|EC2_METADATA_\w+|EXECUTION_ENV)"
)
"""Settings, and where boto3's and LanceDB's own chains look for keys."""

_OPTIONS_OF_LANCEDB: Final = re.compile(
    r"(?:server_side_encryption|sse_\w+|access_key_id|secret_access_key|(?:session_)?token"
    r"|(?:default_)?region|bucket(?:_name)?|endpoint(?:_url(?:_s3|_sts)?)?"
    r"|virtual_hosted_style_request|unsigned_payload|checksum_algorithm|metadata_endpoint"
    r"|imdsv1_fallback|disable_system_certificates|container_\w+|web_identity_token_file|role_arn|role_session_name"
    r"|skip_signature|s3_express|copy_if_not_exists|conditional_put|disable_tagging"
    r"|request_payer|disable_bulk_delete|allow_http|allow_invalid_certificates"
    r"|connect_timeout|read_timeout|timeout|default_content_type|http[12]_\w+"
    r"|pool_idle_timeout|pool_max_idle_per_host|proxy_\w+|randomize_addresses|user_agent)",
    re.IGNORECASE,
)

_KEYS: Final = {"aws_access_key_id", "aws_secret_access_key", "aws_session_token"}
_ENDPOINTS: Final = ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL_SQS")
"""Each client is told its address, so none looks for it here."""
GIVEN_EMPTY: Final = "SETTINGS_GIVEN_EMPTY"
"""Names the variables that were removed because they were empty: they still hide the file's."""
STARTED_FILE: Final = "var/started.env"
"""Where 'make start' and 'make up' note whether a home was started; it stands before ``.env``."""
_NO_PROXY: Final = ("NO_PROXY", "no_proxy")
_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")


class FileBehindVariables(DotEnvSettingsSource):
    """``.env`` without what a variable sets, to something or to nothing.

    A later file may hide what an earlier one sets: by ``SETTINGS_GIVEN_EMPTY``, as variables do.
    Keys come from one place: those of a shell don't go with the file's session token.
    """

    def __call__(self) -> dict[str, Any]:
        variables = {name.lower() for name in os.environ}  # noqa: TID251 - only the names
        variables |= _given_empty(os.environ)  # noqa: TID251 - the same
        if variables & _KEYS:
            variables |= _KEYS
        file = super().__call__()
        variables |= _listed(file.pop(GIVEN_EMPTY.lower(), ""))
        return {name: value for name, value in file.items() if name.lower() not in variables}


def settle_environment(
    endpoint_hosts: Sequence[str] = (),
    environment: MutableMapping[str, str] = os.environ,  # noqa: TID251 - it is put in order
) -> None:
    """Remove what some clients alone would obey, and ask no proxy for this machine.

    Variables of the settings stay as they are, because this process and those that it starts
    read them again.

    Parameters
    ----------
    endpoint_hosts : sequence of str
        Hosts of what is used instead of AWS; no proxy is asked for them either.
    environment : mapping
        Changed in place.
    """
    given_empty = _given_empty(environment)
    for name, value in list(environment.items()):
        if _OPTIONS_OF_LANCEDB.fullmatch(name) or _is_stray(name, value):
            del environment[name]
            if not value:
                given_empty.add(name.lower())
    if given_empty:
        environment[GIVEN_EMPTY] = ",".join(sorted(given_empty))
    if bundle := environment.get("AWS_CA_BUNDLE"):
        environment.setdefault("SSL_CERT_FILE", bundle)  # the one that LanceDB reads
    listed = ",".join(environment.get(name, "") for name in _NO_PROXY)
    environment.update(dict.fromkeys(_NO_PROXY, _with_hosts(listed, [*_LOOPBACK, *endpoint_hosts])))


def _given_empty(environment: Mapping[str, str]) -> set[str]:
    return _listed(environment.get(GIVEN_EMPTY, ""))


def _listed(names: str) -> set[str]:
    return set(filter(None, names.split(",")))


def _is_stray(name: str, value: str) -> bool:
    stays = name in _ENDPOINTS or _READ_BY_ALL.fullmatch(name)
    return name.startswith("AWS_") and not (value and stays)


def _with_hosts(listed: str, hosts: list[str]) -> str:
    known = [each.strip() for each in listed.split(",") if each.strip()]
    # An asterisk means every host, but only where it stands alone.
    return "*" if "*" in known else ",".join(dict.fromkeys([*known, *hosts]))
