"""All settings together, and where their values come from."""

from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from core.errors import InvalidSettings
from core.host.cores import usable_cores
from core.host.environment import STARTED_FILE, FileBehindVariables, settle_environment
from core.host.memory import children_that_fit, usable_memory_bytes
from core.settings.aws import AwsSettings
from core.settings.faces import FaceSettings
from core.settings.home import HomeSettings
from core.settings.values import BaseUrl, Host, Port
from core.settings.web import WebSettings
from core.settings.workers import WorkerSettings


class Settings(AwsSettings, HomeSettings, WebSettings, WorkerSettings, FaceSettings, BaseSettings):
    """The settings, named in the environment as here in capitals.

    A file ``.env`` in the working directory is read too, and before it what 'make start' or
    'make up' noted in a checkout; variables that are really set win, empty ones too. An empty
    value counts as none.
    """

    model_config = SettingsConfigDict(
        frozen=True, env_file=(".env", STARTED_FILE), env_ignore_empty=True, extra="ignore"
    )

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    metrics_port: Annotated[Port, Field(le=65_533)] | None = None
    """Port of the web tier's metrics; the autoscaler has the next one, a worker the one behind."""
    metrics_host: Host = "127.0.0.1"
    tracing_endpoint: BaseUrl | None = None
    """Collector to which traces go over OTLP; none for no traces. An extra."""
    tracing_sample: Annotated[float, Field(ge=0, le=1)] = 0.1
    """Share of all traces that are sent."""
    sentry_dsn: SecretStr | None = None
    """Where Sentry takes unexpected errors; none for nowhere. An extra."""

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
    def worker_process_count(self) -> int:
        if self.worker_processes != "auto":
            return self.worker_processes
        return children_that_fit(
            cores=usable_cores(), memory_bytes=usable_memory_bytes(), engine=self.face_engine
        )

    @property
    def whereabouts(self) -> str:
        """Where objects and queues are, in words."""
        if self.storage is not None:
            return f"Storage: {self.home_folder}; queues: {self.queue_file}"
        return self.endpoints

    @property
    def metrics_address(self) -> str:
        """Where this machine reaches the metrics, without the port."""
        if self.metrics_host in ("0.0.0.0", "::"):  # noqa: S104 - not bound
            return "127.0.0.1"
        return f"[{self.metrics_host}]" if ":" in self.metrics_host else self.metrics_host

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        visibility_s = self.sqs_visibility_timeout_seconds
        if self.visibility_heartbeat_seconds == 0 and self.job_timeout_seconds >= visibility_s:
            raise ValueError(
                f"JOB_TIMEOUT_SECONDS ({self.job_timeout_seconds:g}) must be under "
                f"SQS_VISIBILITY_TIMEOUT_SECONDS ({visibility_s}) without a heartbeat, "
                "or a slow job runs twice at once"
            )
        if self._metrics_take_the_web_port():
            raise ValueError(
                f"METRICS_PORT ({self.metrics_port}) and the two ports behind it show metrics, and "
                f"WEB_PORT ({self.web_port}) is one of them"
            )
        if self.executor == "ray" and self.face_cuda:
            raise ValueError("EXECUTOR=ray runs on processors only: turn FACE_CUDA off")
        elsewhere = {"ASG_NAME": self.asg_name, "WORKER_DEPLOYMENT": self.worker_deployment}
        fleets = [name for name, value in elsewhere.items() if value is not None]
        if len(fleets) > 1:
            raise ValueError(f"{' and '.join(fleets)} each name the workers: leave one empty")
        if self.storage is not None and fleets:
            raise ValueError(
                f"STORAGE={self.storage} is for the processes of one machine, and {fleets[0]} "
                "starts workers on others: leave STORAGE and QUEUE empty to use S3 and SQS"
            )
        return self

    def _metrics_take_the_web_port(self) -> bool:
        hosts = {self.web_host, self.metrics_host}
        meet = len(hosts) == 1 or hosts & {"0.0.0.0", "::"}  # noqa: S104 - not bound
        first = self.metrics_port
        return bool(meet) and first is not None and first <= self.web_port <= first + 2


def load_settings(started: Path | None = Path(STARTED_FILE)) -> Settings:
    """Read the settings from the environment and from ``.env``.

    What else the environment says of AWS is removed (`settle_environment`).

    Parameters
    ----------
    started : Path, optional
        What notes what was started; None for no such file.

    Raises
    ------
    InvalidSettings
        If a value can't be used; the message names each variable.
    """
    try:
        settings = Settings(_env_file=(".env",) if started is None else (".env", started))
    except ValidationError as error:
        raise InvalidSettings("; ".join(_describe(problem) for problem in error.errors())) from None
    endpoints = (settings.aws_endpoint_url, settings.s3_endpoint, settings.sqs_endpoint)
    settle_environment([host for each in endpoints if (host := urlsplit(each or "").hostname)])
    return settings


class _OfFile(Settings):
    """Settings of a file alone, whatever the environment says."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings, dotenv_settings)


def settings_of_file(file: Path) -> Settings:
    """Read the settings of another deployment from a file like ``.env``, and from nothing else.

    Raises
    ------
    InvalidSettings
        If there is no such file, or a value can't be used; the message names each variable.
    """
    if not file.is_file():  # else it would be the deployment of all defaults
        raise InvalidSettings(f"there is no file {file}")
    try:
        return _OfFile(_env_file=file)
    except ValidationError as error:
        problems = "; ".join(_describe(problem) for problem in error.errors())
        raise InvalidSettings(f"{file}: {problems}") from None


def _describe(problem: object) -> str:
    assert isinstance(problem, dict)  # noqa: S101 - narrows pydantic's TypedDict
    message = str(problem["msg"]).removeprefix("Value error, ")
    location = problem["loc"]
    return f"{str(location[0]).upper()}: {message}" if location else message
