"""The kinds of values that settings have, and how each is read."""

import posixpath
import re
from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Annotated, Final, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, SecretStr
from pydantic_settings import NoDecode

from core.ground.rates import Rate
from core.ground.realms import TENANT

Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Pause = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]
Quota = Annotated[int, Field(ge=0)]
FaceQuality = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
Port = Annotated[int, Field(ge=1, le=65535)]
BucketName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]
AllowedBucket = Annotated[str, Field(pattern=rf"^({TENANT}:)?[a-z0-9][a-z0-9.-]{{1,61}}[a-z0-9]$")]
ObjectName = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$")]
"""Of an object of Kubernetes."""
QueueName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,76}$")]

_HOST_NAME: Final = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?")
_ORIGIN: Final = re.compile(r"https?://([a-z0-9.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?")
_USUAL_PORTS: Final = {"http": "80", "https": "443"}

_T = TypeVar("_T")


def _split_at_commas(value: object) -> object:
    if not isinstance(value, str):
        return value
    return tuple(name.strip() for name in value.split(",") if name.strip())


Listed = Annotated[tuple[_T, ...], NoDecode, BeforeValidator(_split_at_commas)]
"""Values that are separated by commas."""


def _read_rate(value: object) -> object:
    if isinstance(value, str) and value != "off":
        return Rate.read(value)
    return value


def _written_rate(value: object) -> str | None:
    return None if value is None else str(value)


Limit = Annotated[
    Rate | Literal["off"] | None,
    NoDecode,
    BeforeValidator(_read_rate),
    PlainSerializer(_written_rate),
]


def _read_network(value: object) -> object:
    if isinstance(value, str):
        return ip_network(value)
    return value


Network = Annotated[IPv4Network | IPv6Network, BeforeValidator(_read_network)]


def _checked_url(url: str) -> str:
    parts = urlsplit(url)
    _ = parts.port  # raises ValueError for what is no port
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/"):
        raise ValueError("must be like http://localhost:4566")
    return url


Url = Annotated[str, AfterValidator(_checked_url)]


def _checked_base(url: str) -> str:
    parts = urlsplit(url)
    _checked_url(f"{parts.scheme}://{parts.netloc}")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError("must be an address without user, query and fragment")
    return url


BaseUrl = Annotated[str, AfterValidator(_checked_base)]
"""An address that may have a path, to which more is added."""


def _checked_place(scheme: str) -> Callable[[str], str]:
    """Return what takes an absolute path with that scheme, and spells it with three slashes."""

    def check(url: str) -> str:
        path = url.removeprefix(f"{scheme}://")
        if path == url or not path.startswith("/") or not path.strip("/") or "\0" in path:
            raise ValueError(f"must be like {scheme}:///var/lib/efr, with an absolute path")
        return f"{scheme}://{posixpath.normpath('/' + path.lstrip('/'))}"

    return check


FolderUrl = Annotated[str, AfterValidator(_checked_place("file"))]
SqliteUrl = Annotated[str, AfterValidator(_checked_place("sqlite"))]


def _checked_origin(origin: str) -> str:
    scheme, _, host = origin.partition("://")
    if _ORIGIN.fullmatch(origin) is None or host.endswith(f":{_USUAL_PORTS[scheme]}"):
        raise ValueError(
            f"{origin!r}: each is written as a browser sends it, such as https://app.example.org, "
            "with a port only where it is not the usual one; there is no '*'"
        )
    return origin


Origin = Annotated[str, AfterValidator(_checked_origin)]


def _without_brackets(host: str) -> str:
    return host.removeprefix("[").removesuffix("]")


Host = Annotated[str, AfterValidator(_without_brackets)]


def _checked_name(name: str) -> str:
    try:
        ip_address(name)
    except ValueError:
        if _HOST_NAME.fullmatch(name.removeprefix(".")) is None:
            raise ValueError(
                f"{name!r}: each is a host without scheme and port, such as faces.example.org; "
                "there is no '*'"
            ) from None
    return name


HostName = Annotated[Host, AfterValidator(_checked_name)]
"""A host as callers name it; one that begins with a dot stands for all below it."""


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine alone."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _checked_host(text: str) -> str:
    """Take a host name or a network."""
    try:
        return str(ip_network(text))
    except ValueError:
        if not _HOST_NAME.fullmatch(text) or text.replace(".", "").isdigit():
            raise ValueError("must be host names and networks such as 10.0.0.0/8") from None
    return text.lower()


HostOrNetwork = Annotated[str, AfterValidator(_checked_host)]


def _checked_key(key: SecretStr) -> SecretStr:
    """Leave out what a file's last line adds; what can't stand in a header is no key."""
    text = key.get_secret_value().strip()
    if not (text.isascii() and text.isprintable()):
        raise ValueError("has characters that no key of AWS has")
    return SecretStr(text)


AwsKey = Annotated[SecretStr, AfterValidator(_checked_key)]
