"""Every setting of the service; the only reader of the environment."""

import re
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainSerializer,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from core.errors import InvalidSettings
from core.faces.models.embedder_description import EmbedderDescription
from core.ground.rates import Kind, Rate, Subject
from core.ground.realms import TENANT
from core.host.cores import usable_cores
from core.host.environment import FileBehindVariables, settle_environment
from core.host.memory import children_that_fit, usable_memory_bytes

Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Pause = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]
Quota = Annotated[int, Field(ge=0)]
FaceQuality = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
Port = Annotated[int, Field(ge=1, le=65535)]
BucketName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]
AllowedBucket = Annotated[str, Field(pattern=rf"^({TENANT}:)?[a-z0-9][a-z0-9.-]{{1,61}}[a-z0-9]$")]
QueueName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,76}$")]

_HOST_NAME: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
BYTES_PER_MB: Final = 1024 * 1024
DEFAULT_MAX_DISTANCE: Final = 0.52
"""For dlib's embeddings; see docs/accuracy.md."""


def _read_rate(value: object) -> object:
    if isinstance(value, str) and value != "off":
        return Rate.read(value)
    return value


def _read_network(value: object) -> object:
    if isinstance(value, str):
        return ip_network(value)
    return value


def _read_embedder(value: object) -> object:
    return EmbedderDescription.read(value) if isinstance(value, str) else value


def _written_rate(value: object) -> str | None:
    return None if value is None else str(value)


Limit = Annotated[
    Rate | Literal["off"] | None,
    NoDecode,
    BeforeValidator(_read_rate),
    PlainSerializer(_written_rate),
]
Network = Annotated[IPv4Network | IPv6Network, BeforeValidator(_read_network)]


def _checked_url(url: str) -> str:
    parts = urlsplit(url)
    _ = parts.port  # raises ValueError for what is no port
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/"):
        raise ValueError("must be like http://localhost:4566")
    return url


_ORIGIN: Final = re.compile(r"https?://([a-z0-9.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?")
_USUAL_PORTS: Final = {"http": "80", "https": "443"}


def _checked_origin(origin: str) -> str:
    scheme, _, host = origin.partition("://")
    if _ORIGIN.fullmatch(origin) is None or host.endswith(f":{_USUAL_PORTS[scheme]}"):
        raise ValueError(
            f"{origin!r}: each is written as a browser sends it, such as https://app.example.org, "
            "with a port only where it is not the usual one; there is no '*'"
        )
    return origin


def _without_brackets(host: str) -> str:
    return host.removeprefix("[").removesuffix("]")


def _is_loopback(host: str) -> bool:
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


def _checked_key(key: SecretStr) -> SecretStr:
    """Leave out what a file's last line adds; what can't stand in a header is no key."""
    text = key.get_secret_value().strip()
    if not (text.isascii() and text.isprintable()):
        raise ValueError("has characters that no key of AWS has")
    return SecretStr(text)


AwsKey = Annotated[SecretStr, AfterValidator(_checked_key)]


class Settings(BaseSettings):
    """The settings, named in the environment as here in capitals.

    A file ``.env`` in the working directory is read too; variables that are
    really set win, empty ones too. An empty value counts as none.
    """

    model_config = SettingsConfigDict(
        frozen=True, env_file=".env", env_ignore_empty=True, extra="ignore"
    )

    aws_endpoint_url: Annotated[str, AfterValidator(_checked_url)] | None = None
    """Address of LocalStack; none means the real AWS."""
    aws_region: str = Field(default="us-east-1", pattern=r"^[a-z0-9-]+$")
    aws_access_key_id: AwsKey | None = None
    aws_secret_access_key: AwsKey | None = None
    aws_session_token: AwsKey | None = None

    s3_in_bucket: BucketName = "input-bucket"
    s3_out_bucket: BucketName = "output-bucket"
    s3_gallery_bucket: BucketName = "gallery-bucket"

    allowed_buckets: Annotated[tuple[AllowedBucket, ...], NoDecode] = ()
    """Buckets from which callers may name photos by key, separated by commas; those of a tenant
    have its name and a colon before them."""
    retention_days: int = Field(default=30, ge=1, le=3650)
    """Age at which S3 removes uploaded photos and results."""

    sqs_req_queue_name: QueueName = "request-queue"
    sqs_index_queue_name: QueueName = "index-queue"
    """Bulk indexing, so that an album never delays one person's upload."""
    sqs_webhook_queue_name: QueueName = "webhook-queue"
    """Events on their way to the receivers of webhooks."""
    sqs_resp_queue_name: QueueName = "response-queue"
    sqs_resp_enabled: bool = False
    """Copy every result to the response queue too, for debugging."""
    sqs_wait_time_seconds: int = Field(default=10, ge=0, le=20)
    sqs_visibility_timeout_seconds: int = Field(default=60, ge=1, le=43_200)
    sqs_max_receive_count: int = Field(default=5, ge=1, le=1000)
    visibility_heartbeat_seconds: Pause = 20
    """How often the visibility of a running job is extended; 0 turns it off."""

    web_host: Annotated[str, AfterValidator(_without_brackets)] = "127.0.0.1"
    auth: Literal["keys", "off", "off-on-purpose"] = "keys"
    """Who is let in: callers with a key, or everybody; off is for this machine alone."""
    trusted_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    """Names under which the service may be asked, separated by commas; one that begins with a
    dot stands for all below it. None: any with keys, those of this machine without."""
    cors_origins: Annotated[
        tuple[Annotated[str, AfterValidator(_checked_origin)], ...], NoDecode
    ] = ()
    """Origins whose pages may call the service from a browser, separated by commas."""
    trusted_proxies: Annotated[tuple[Network, ...], NoDecode] = ()
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

    worker_processes: Count | Literal["auto"] = "auto"
    """Children of a worker; auto is one per core, or fewer if memory is short."""
    executor: Literal["processes", "ray"] = "processes"
    """What recognises a worker's photos; ray is an extra."""
    ray_address: str | None = None
    """Ray cluster to join; none for one on this machine that ends with the worker."""
    job_timeout_seconds: Seconds = 30
    retry_backoff_seconds: Seconds = 2
    """First pause before a failed job runs again; doubles with every attempt."""
    shutdown_grace_seconds: Pause = 25
    dead_letter_sweep_seconds: Seconds = 30
    worker_alive_file: str | None = None
    """File that the worker touches while it is well, for health checks."""

    webhook_allow_private: Annotated[
        tuple[Annotated[str, AfterValidator(_checked_host)], ...], NoDecode
    ] = ()
    """Receivers of webhooks that may have a private address and plain HTTP: host names, and
    networks such as ``10.0.0.0/8``, separated by commas."""

    webhook_retry_seconds: Annotated[tuple[Seconds, ...], NoDecode] = (
        5,
        300,
        1800,
        7200,
        18000,
        36000,
        36000,
    )
    """Pauses before the second attempt to deliver an event, the third, and so on."""

    max_workers: Annotated[int, Field(ge=0)] = 15
    target_latency_seconds: Seconds = 5
    """Time in which the autoscaler wants a backlog to be gone."""
    scale_in_cooldown_seconds: Pause = 60
    autoscaler_interval_seconds: Seconds = 2
    asg_name: str | None = None
    """Auto Scaling group whose instances are the workers; none for local processes."""

    ec2_metadata_url: Annotated[str, AfterValidator(_checked_url)] | None = None
    """Where the worker learns that its EC2 instance is about to end; none elsewhere."""
    ecs_agent_uri: Annotated[str, Field(pattern=r"^http://[^/]+")] | None = None
    """Set by ECS in its tasks; where a busy worker protects its task from scale-in."""

    face_engine: Literal["balanced", "fast", "accurate", "dlib", "insightface", "onnx"] = "balanced"
    face_models_dir: Path = Path("var/models")
    """Folder of YuNet, and of dlib's networks in converted form."""
    insightface_models_dir: Path | None = None
    """Folder of the user's own networks, for the engine ``insightface``."""
    face_embedder: Annotated[
        EmbedderDescription | None, NoDecode, BeforeValidator(_read_embedder)
    ] = None
    """The user's own network, for the engine ``onnx``: path of its description, or ``sface``."""
    face_cuda: bool = False
    """Embed faces on a GPU where there is one."""
    min_face_px: Count = 16
    max_embedded_faces: Count = 100
    """Faces of a photo that are described, largest first; the others are only counted."""
    detection_max_side_px: int | None = Field(default=None, ge=64)
    """Longest side of the first look for faces, instead of the engine's own."""
    min_enrol_quality: FaceQuality = 50
    """Faces of a lower quality are not enrolled, unless a request has another bound."""
    min_match_quality: FaceQuality = 20
    """Faces of a lower quality are not searched for, unless a request has another bound."""
    match_max_distance: Annotated[float, Field(gt=0, le=2)] | None = None
    """Largest distance between two faces of one person, instead of the model's own."""
    gallery_refresh_seconds: Seconds = 1
    gallery_exact_max: Count = 100_000
    """Faces up to which a gallery is searched exactly, by comparing all."""
    gallery_compressed: bool = False
    """Keep larger galleries in a quarter of the memory, at a small loss of recall."""

    face_index: Literal["lancedb", "qdrant", "milvus", "pinecone"] = "lancedb"
    """Where enrolled faces live; all but lancedb are extras."""
    qdrant_url: str | None = None
    qdrant_api_key: SecretStr | None = None
    milvus_uri: str | None = None
    """Address of a Milvus server, or a file for Milvus Lite."""
    milvus_token: SecretStr | None = None
    pinecone_api_key: SecretStr | None = None
    pinecone_index_host: str | None = None
    """Address of a Pinecone index with the metric euclidean."""

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        assert isinstance(dotenv_settings, DotEnvSettingsSource)  # noqa: S101 - narrows the type
        file = FileBehindVariables(settings_cls, env_file=dotenv_settings.env_file)
        return (init_settings, env_settings, file)

    @property
    def endpoint(self) -> str:
        """Where S3 and SQS are, in words."""
        return self.aws_endpoint_url or f"AWS itself, region {self.aws_region}"

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
    def max_distance(self) -> float:
        """Distance at which two faces count as one person's, of whichever model."""
        described = self.face_embedder if self.face_engine == "onnx" else None
        own = DEFAULT_MAX_DISTANCE if described is None else described.max_distance
        return self.match_max_distance or own or DEFAULT_MAX_DISTANCE

    @property
    def max_file_bytes(self) -> int:
        return int(self.max_file_mb * BYTES_PER_MB)

    @property
    def worker_process_count(self) -> int:
        if self.worker_processes != "auto":
            return self.worker_processes
        return children_that_fit(
            cores=usable_cores(), memory_bytes=usable_memory_bytes(), engine=self.face_engine
        )

    @property
    def dead_letter_queue_name(self) -> str:
        return f"{self.sqs_req_queue_name}-dlq"

    @property
    def index_dead_letter_queue_name(self) -> str:
        return f"{self.sqs_index_queue_name}-dlq"

    @property
    def webhook_dead_letter_queue_name(self) -> str:
        return f"{self.sqs_webhook_queue_name}-dlq"

    @property
    def buckets(self) -> tuple[str, str, str]:
        """Input, output and gallery."""
        return (self.s3_in_bucket, self.s3_out_bucket, self.s3_gallery_bucket)

    def buckets_of_callers(self, tenant: str) -> tuple[str, ...]:
        """Return the buckets from which a tenant's callers may name photos."""
        named = (each.rpartition(":") for each in self.allowed_buckets)
        return tuple(bucket for owner, _, bucket in named if owner == tenant)

    @property
    def queues(self) -> tuple[str, ...]:
        """Requests, index jobs, events, the dead letters of these, and responses."""
        return (
            self.sqs_req_queue_name,
            self.dead_letter_queue_name,
            self.sqs_index_queue_name,
            self.index_dead_letter_queue_name,
            self.sqs_webhook_queue_name,
            self.webhook_dead_letter_queue_name,
            self.sqs_resp_queue_name,
        )

    @field_validator(
        "allowed_buckets",
        "cors_origins",
        "trusted_hosts",
        "trusted_proxies",
        "webhook_allow_private",
        "webhook_retry_seconds",
        mode="before",
    )
    @classmethod
    def _split_at_commas(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(name.strip() for name in value.split(",") if name.strip())

    @model_validator(mode="after")
    def _check_contradictions(self) -> Self:
        visibility_s = self.sqs_visibility_timeout_seconds
        heartbeat_s = self.visibility_heartbeat_seconds
        if (self.aws_access_key_id is None) != (self.aws_secret_access_key is None):
            raise ValueError("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY go together")
        for names, variables in ((self.buckets, "S3_*_BUCKET"), (self.queues, "SQS_*_QUEUE_NAME")):
            if len(set(names)) < len(names):
                raise ValueError(f"{variables}: the names must differ, not {', '.join(names)}")
        if heartbeat_s == 0 and self.job_timeout_seconds >= visibility_s:
            raise ValueError(
                f"JOB_TIMEOUT_SECONDS ({self.job_timeout_seconds:g}) must be under "
                f"SQS_VISIBILITY_TIMEOUT_SECONDS ({visibility_s}) without a heartbeat, "
                "or a slow job runs twice at once"
            )
        self._check_engine()
        if self.executor == "ray" and self.face_cuda:
            raise ValueError("EXECUTOR=ray runs on processors only: turn FACE_CUDA off")
        self._check_door()
        self._check_face_index()
        if heartbeat_s >= visibility_s:
            raise ValueError(
                f"VISIBILITY_HEARTBEAT_SECONDS ({heartbeat_s:g}) must be under "
                f"SQS_VISIBILITY_TIMEOUT_SECONDS ({visibility_s})"
            )
        return self

    def _check_engine(self) -> None:
        if self.face_engine == "insightface" and self.insightface_models_dir is None:
            raise ValueError("FACE_ENGINE=insightface needs INSIGHTFACE_MODELS_DIR")
        if self.face_engine != "onnx":
            return
        if self.face_embedder is None:
            raise ValueError("FACE_ENGINE=onnx needs FACE_EMBEDDER")
        if self.match_max_distance is None and self.face_embedder.max_distance is None:
            raise ValueError(
                "FACE_ENGINE=onnx needs MATCH_MAX_DISTANCE, or max_distance in the description "
                "that FACE_EMBEDDER names"
            )

    def _check_door(self) -> None:
        if self.auth == "off" and not _is_loopback(self.web_host):
            raise ValueError(
                f"AUTH=off lets everybody in who reaches WEB_HOST={self.web_host}: set AUTH=keys, "
                "or WEB_HOST=127.0.0.1, or AUTH=off-on-purpose if another door stands in front"
            )

    def _check_face_index(self) -> None:
        needed = {
            "lancedb": (),
            "qdrant": ("qdrant_url",),
            "milvus": ("milvus_uri",),
            "pinecone": ("pinecone_api_key", "pinecone_index_host"),
        }[self.face_index]
        for name in needed:
            if getattr(self, name) is None:
                raise ValueError(f"FACE_INDEX={self.face_index} needs {name.upper()}")


def load_settings() -> Settings:
    """Read the settings from the environment and from ``.env``.

    What else the environment says of AWS is removed (`settle_environment`).

    Raises
    ------
    InvalidSettings
        If a value can't be used; the message names each variable.
    """
    try:
        settings = Settings()
    except ValidationError as error:
        raise InvalidSettings("; ".join(_describe(problem) for problem in error.errors())) from None
    settle_environment(urlsplit(settings.aws_endpoint_url or "").hostname)
    return settings


def _describe(problem: object) -> str:
    assert isinstance(problem, dict)  # noqa: S101 - narrows pydantic's TypedDict
    message = str(problem["msg"]).removeprefix("Value error, ")
    location = problem["loc"]
    return f"{str(location[0]).upper()}: {message}" if location else message
