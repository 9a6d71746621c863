"""Settings of the web tier: who is let in, how much each may ask for, and how it answers."""

from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, Field, SecretStr, model_validator

from core.ground.rates import Kind, Rate, Subject
from core.settings.values import (
    Count,
    Host,
    HostName,
    Limit,
    Listed,
    Network,
    Origin,
    Pause,
    Port,
    Quota,
    is_loopback,
)

_BYTES_PER_MB: Final = 1024 * 1024


class WebSettings(BaseModel):
    """Who is let in, how much each may ask for, and how the web tier answers."""

    web_host: Host = "127.0.0.1"
    auth: Literal["keys", "off", "off-on-purpose"] = "keys"
    """Who is let in: callers with a key, or everybody; off is for this machine alone."""
    trusted_hosts: Listed[HostName] = ()
    """Names under which the service may be asked, separated by commas; one that begins with a
    dot stands for all below it. None: any with keys, those of this machine without, and addresses
    with off-on-purpose."""
    cors_origins: Listed[Origin] = ()
    """Origins whose pages may call the service from a browser, separated by commas."""
    trusted_proxies: Listed[Network] = ()
    """Networks of the proxies in front of the web tier, separated by commas. They alone are
    believed when they say for which address they ask."""
    rate_limit_reads: Limit = Rate(6000, "minute")
    """Of each key: its calls without a photo."""
    rate_limit_recognition: Limit = Rate(1200, "minute")
    """Of each key: photos to recognise."""
    rate_limit_bulk: Limit = Rate(60_000, "hour")
    """Of each key: photos to enrol, each of a batch too."""
    rate_limit_reads_per_address: Limit = None
    rate_limit_recognition_per_address: Limit = None
    rate_limit_bulk_per_address: Limit = None
    max_faces: Quota = 0
    """Of each tenant, in all its collections; 0 for any number."""
    max_collections: Quota = 0
    max_jobs: Quota = 0
    """Jobs of each tenant that are under way, as a web process counts those that it accepted."""
    redis_url: Annotated[SecretStr | None, Field(max_length=1000)] = None
    """Redis or Valkey, in which all processes count together; an extra. None: each by itself."""
    web_port: Port = 8000
    web_processes: Count = 2
    web_threads: int = Field(default=64, ge=2)
    """Threads of each web process; three in four may wait for a result."""
    web_recognizer_processes: Count = 1
    """Child processes of each web process, for the calls that answer at once."""
    max_wait_seconds: Pause = 30
    result_cache_seconds: Annotated[Pause, Field(le=3600)] = 60
    """How long the same photo gets its earlier answer while nobody is enrolled or erased."""
    max_file_mb: float = Field(default=8, ge=0.01, le=1024)
    max_pixels: Count = 50_000_000

    @property
    def web_bind(self) -> str:
        """What gunicorn listens on; an address of IPv6 has brackets there."""
        host = f"[{self.web_host}]" if ":" in self.web_host else self.web_host
        return f"{host}:{self.web_port}"

    @property
    def web_address(self) -> str:
        """Where this machine reaches the web tier."""
        if self.web_host in ("0.0.0.0", "::"):  # noqa: S104 - listens everywhere
            return f"http://localhost:{self.web_port}"
        return f"http://{self.web_bind}"

    @property
    def rate_limits(self) -> dict[tuple[Kind, Subject], Rate]:
        """The limits that are on, by what they count and for whom."""
        limits: dict[tuple[Kind, Subject], Limit] = {
            ("reads", "key"): self.rate_limit_reads,
            ("recognition", "key"): self.rate_limit_recognition,
            ("bulk", "key"): self.rate_limit_bulk,
            ("reads", "address"): self.rate_limit_reads_per_address,
            ("recognition", "address"): self.rate_limit_recognition_per_address,
            ("bulk", "address"): self.rate_limit_bulk_per_address,
        }
        return {which: limit for which, limit in limits.items() if isinstance(limit, Rate)}

    @property
    def max_file_bytes(self) -> int:
        return int(self.max_file_mb * _BYTES_PER_MB)

    @model_validator(mode="after")
    def _check_door(self) -> Self:
        if self.auth == "off" and not is_loopback(self.web_host):
            raise ValueError(
                f"AUTH=off lets everybody in who reaches WEB_HOST={self.web_host}: set AUTH=keys, "
                "or WEB_HOST=127.0.0.1, or AUTH=off-on-purpose if another door stands in front"
            )
        return self
