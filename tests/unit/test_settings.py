"""Settings: defaults, errors that name the variable, contradictions."""

from pathlib import Path

import pytest
from dotenv import dotenv_values

from core.errors import InvalidSettings
from core.faces.models import embedder_description
from core.host.cores import usable_cores
from core.settings import Settings, load_settings, settings_of_file
from tests.support.photos import ROOT

LOCALSTACK_ONLY = {
    "AUTH",
    "AWS_ENDPOINT_URL",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "METRICS_PORT",
}


@pytest.fixture(autouse=True)
def in_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_example_lists_every_setting_and_no_other() -> None:
    listed = set(dotenv_values(ROOT / ".env.example"))

    assert listed == {name.upper() for name in Settings.model_fields}


def test_example_works_as_copied_and_holds_the_defaults() -> None:
    copied = Settings(_env_file=ROOT / ".env.example").model_dump()
    defaults = load_settings().model_dump()

    changed = {name.upper() for name in copied if copied[name] != defaults[name]}
    assert changed == LOCALSTACK_ONLY


def test_without_endpoint_and_keys_the_real_aws_is_meant() -> None:
    settings = load_settings()

    assert settings.aws_endpoint_url is None
    assert settings.aws_access_key_id is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WEB_PORT", "seventy"),
        ("WEB_PORT", "70000"),
        ("SQS_WAIT_TIME_SECONDS", "21"),
        ("MAX_FILE_MB", "0"),
        ("WORKER_PROCESSES", "0"),
        ("WORKER_PROCESSES", "many"),
        ("AWS_ENDPOINT_URL", "localhost:4566"),
        ("EC2_METADATA_URL", "169.254.169.254"),
        ("AWS_ENDPOINT_URL", "http://localhost:abc"),
        ("AWS_ENDPOINT_URL", "http://localhost:99999"),
        ("AWS_REGION", "us east 1"),
        ("AWS_SESSION_TOKEN", "one\ntwo"),
        ("S3_IN_BUCKET", "Not A Bucket"),
        ("JOB_TIMEOUT_SECONDS", "-1"),
        ("LOG_LEVEL", "LOUD"),
        ("ALLOWED_BUCKETS", "fine,Not Fine"),
        ("TRUSTED_HOSTS", "*"),
        ("TRUSTED_HOSTS", "*.example.org"),
        ("TRUSTED_HOSTS", "https://faces.example.org"),
        ("TRUSTED_HOSTS", "faces.example.org:8443"),
        ("TRUSTED_HOSTS", "faces.example.org/"),
        ("CORS_ORIGINS", "*"),
        ("CORS_ORIGINS", "https://a.example,*"),
        ("CORS_ORIGINS", "null"),
        ("CORS_ORIGINS", "app.example.org"),
        ("CORS_ORIGINS", "https://app.example.org/"),
        ("CORS_ORIGINS", "https://App.example.org"),
        ("CORS_ORIGINS", "https://app.example.org:443"),
        ("CORS_ORIGINS", "https://*.example.org"),
        ("CORS_ORIGINS", "https://a b"),
        ("RETENTION_DAYS", "0"),
        ("RETENTION_DAYS", "3651"),
        ("MATCH_MAX_DISTANCE", "0"),
        ("MIN_ENROL_QUALITY", "101"),
        ("MIN_MATCH_QUALITY", "nan"),
        ("GALLERY_EXACT_MAX", "0"),
        ("FACE_INDEX", "a-shelf"),
        ("EXECUTOR", "a-butler"),
        ("WEB_RECOGNIZER_PROCESSES", "0"),
        ("SQS_INDEX_QUEUE_NAME", "no queue"),
        ("MAX_WAIT_SECONDS", "inf"),
        ("MAX_FILE_MB", "inf"),
    ],
)
def test_bad_value_names_its_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(InvalidSettings, match=name):
        load_settings()


def test_trusted_hosts_are_names_domains_and_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUSTED_HOSTS", "faces.example.org, .example.net,10.0.0.1,[::1],web_1")

    names = ("faces.example.org", ".example.net", "10.0.0.1", "::1", "web_1")
    assert load_settings().trusted_hosts == names


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        (
            {"VISIBILITY_HEARTBEAT_SECONDS": "0", "JOB_TIMEOUT_SECONDS": "60"},
            "JOB_TIMEOUT_SECONDS .* SQS_VISIBILITY_TIMEOUT_SECONDS",
        ),
        (
            {"VISIBILITY_HEARTBEAT_SECONDS": "60"},
            "VISIBILITY_HEARTBEAT_SECONDS .* SQS_VISIBILITY_TIMEOUT_SECONDS",
        ),
        ({"AWS_ACCESS_KEY_ID": "key"}, "AWS_SECRET_ACCESS_KEY"),
        ({"FACE_ENGINE": "insightface"}, "INSIGHTFACE_MODELS_DIR"),
        ({"FACE_ENGINE": "onnx"}, "FACE_ENGINE=onnx needs FACE_EMBEDDER"),
        ({"S3_OUT_BUCKET": "input-bucket"}, "BUCKET"),
        ({"SQS_RESP_QUEUE_NAME": "request-queue"}, "QUEUE_NAME"),
        ({"SQS_INDEX_QUEUE_NAME": "request-queue-dlq"}, "QUEUE_NAME"),
        ({"EXECUTOR": "ray", "FACE_CUDA": "true"}, "EXECUTOR=ray .* FACE_CUDA"),
        ({"FACE_INDEX": "qdrant"}, "FACE_INDEX=qdrant needs QDRANT_URL"),
        ({"FACE_INDEX": "milvus"}, "FACE_INDEX=milvus needs MILVUS_URI"),
        ({"FACE_INDEX": "pinecone"}, "FACE_INDEX=pinecone needs PINECONE_API_KEY"),
        (
            {"FACE_INDEX": "pinecone", "PINECONE_API_KEY": "key"},
            "FACE_INDEX=pinecone needs PINECONE_INDEX_HOST",
        ),
    ],
)
def test_contradiction_names_both_variables(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], named: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(InvalidSettings, match=named):
        load_settings()


@pytest.mark.parametrize("web_port", ["9464", "9465", "9466"])
def test_web_tier_does_not_listen_where_metrics_are_shown(
    monkeypatch: pytest.MonkeyPatch, web_port: str
) -> None:
    monkeypatch.setenv("METRICS_PORT", "9464")
    monkeypatch.setenv("WEB_PORT", web_port)

    with pytest.raises(InvalidSettings, match=f"METRICS_PORT .9464. .* WEB_PORT .{web_port}."):
        load_settings()

    monkeypatch.setenv("METRICS_HOST", "10.0.0.1")
    assert load_settings().web_port == int(web_port)


def test_slow_jobs_are_fine_with_a_heartbeat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOB_TIMEOUT_SECONDS", "600")

    assert load_settings().job_timeout_seconds == 600


def test_empty_value_counts_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "")
    monkeypatch.setenv("MAX_FILE_MB", "")

    assert load_settings().aws_endpoint_url is None
    assert load_settings().max_file_mb == 8


def test_key_from_a_file_is_taken_without_its_line_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "a-token\n")

    token = load_settings().aws_session_token

    assert token is not None
    assert token.get_secret_value() == "a-token"


def test_origins_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORS_ORIGINS", "https://a.example, http://localhost:3000,http://[::1]:81")

    assert load_settings().cors_origins == (
        "https://a.example",
        "http://localhost:3000",
        "http://[::1]:81",
    )


@pytest.mark.parametrize(
    ("listed", "buckets"),
    [
        ("", ()),
        ("photos", ("photos",)),
        (" photos , albums,", ("photos", "albums")),
        ("photos,acme:photos", ("photos", "acme:photos")),
    ],
)
def test_allowed_buckets_are_separated_by_commas(
    monkeypatch: pytest.MonkeyPatch, listed: str, buckets: tuple[str, ...]
) -> None:
    monkeypatch.setenv("ALLOWED_BUCKETS", listed)

    assert load_settings().allowed_buckets == buckets


def test_buckets_belong_to_the_tenant_that_is_named_with_them() -> None:
    settings = Settings(_env_file=None, allowed_buckets=("ours", "acme:theirs", "acme:more"))

    assert settings.buckets_of_callers("") == ("ours",)
    assert settings.buckets_of_callers("acme") == ("theirs", "more")
    assert settings.buckets_of_callers("other") == ()


def test_every_index_works_with_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "QDRANT_URL": "http://localhost:6333",
        "MILVUS_URI": "faces.db",
        "PINECONE_API_KEY": "key",
        "PINECONE_INDEX_HOST": "faces.example",
    }.items():
        monkeypatch.setenv(name, value)

    for engine in ("lancedb", "qdrant", "milvus", "pinecone"):
        monkeypatch.setenv("FACE_INDEX", engine)
        assert load_settings().face_index == engine


def test_every_queue_has_dead_letters_of_its_own() -> None:
    assert load_settings().queues == (
        "request-queue",
        "request-queue-dlq",
        "index-queue",
        "index-queue-dlq",
        "webhook-queue",
        "webhook-queue-dlq",
        "response-queue",
    )


def test_secret_is_not_shown() -> None:
    settings = Settings(
        aws_access_key_id="an-id",
        aws_secret_access_key="a-secret",
        qdrant_api_key="a-secret",
        milvus_token="a-secret",
        pinecone_api_key="a-secret",
    )

    assert "a-secret" not in repr(settings)


def test_worker_processes_default_to_the_cores_it_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.settings.settings.usable_cores", lambda: 3)
    monkeypatch.setattr("core.settings.settings.usable_memory_bytes", lambda: 10**12)

    assert load_settings().worker_process_count == 3


def test_worker_processes_default_to_what_memory_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.settings.settings.usable_cores", lambda: 16)
    monkeypatch.setattr("core.settings.settings.usable_memory_bytes", lambda: 4 * 10**9)
    counts = {}
    for engine in ("balanced", "accurate"):
        monkeypatch.setenv("FACE_ENGINE", engine)
        counts[engine] = load_settings().worker_process_count

    assert counts == {"balanced": 8, "accurate": 4}


def test_number_of_worker_processes_is_taken_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKER_PROCESSES", "200")

    assert load_settings().worker_process_count == 200


@pytest.mark.parametrize(
    ("quota", "at_most"), [("150000 100000", 1), ("50000 100000", 1), ("100000 100000", 1)]
)
def test_container_quota_limits_the_cores(tmp_path: Path, quota: str, at_most: int) -> None:
    quota_file = tmp_path / "cpu.max"
    quota_file.write_text(quota)

    assert usable_cores(quota_file) == at_most


@pytest.mark.parametrize("content", ["max 100000", "", "odd"])
def test_without_quota_affinity_counts(tmp_path: Path, content: str) -> None:
    quota_file = tmp_path / "cpu.max"
    quota_file.write_text(content)

    assert usable_cores(quota_file) == usable_cores(tmp_path / "missing")


@pytest.mark.parametrize(
    ("host", "bound", "address"),
    [
        ("0.0.0.0", "0.0.0.0:8000", "http://localhost:8000"),  # noqa: S104 - nothing listens
        ("::", "[::]:8000", "http://localhost:8000"),
        ("[::]", "[::]:8000", "http://localhost:8000"),
        ("::1", "[::1]:8000", "http://[::1]:8000"),
        ("127.0.0.2", "127.0.0.2:8000", "http://127.0.0.2:8000"),
    ],
)
def test_web_tier_listens_on_addresses_of_both_kinds(
    monkeypatch: pytest.MonkeyPatch, host: str, bound: str, address: str
) -> None:
    monkeypatch.setenv("WEB_HOST", host)

    assert load_settings().web_bind == bound
    assert load_settings().web_address == address


def test_shipped_description_brings_the_distance_of_its_network(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FACE_ENGINE", "onnx")
    monkeypatch.setenv("FACE_EMBEDDER", "sface")
    own = load_settings().max_distance
    monkeypatch.setenv("MATCH_MAX_DISTANCE", "0.9")

    assert (own, load_settings().max_distance) == (1.128, 0.9)


def test_description_counts_for_its_own_engine_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACE_EMBEDDER", "sface")

    assert load_settings().max_distance == 0.52


def test_network_without_any_distance_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    description = tmp_path / "own.toml"
    shipped = (Path(embedder_description.__file__).parent / "sface.toml").read_text()
    description.write_text(shipped.replace("max_distance", "# "))
    monkeypatch.setenv("FACE_ENGINE", "onnx")
    monkeypatch.setenv("FACE_EMBEDDER", str(description))

    with pytest.raises(InvalidSettings, match="FACE_ENGINE=onnx needs MATCH_MAX_DISTANCE"):
        load_settings()


def test_bad_description_names_its_variable_its_file_and_its_field(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    description = tmp_path / "own.toml"
    description.write_text('colour = "RGB"')
    monkeypatch.setenv("FACE_EMBEDDER", str(description))

    with pytest.raises(InvalidSettings, match=r"FACE_EMBEDDER: .*own\.toml .*unknown.*colour"):
        load_settings()


def test_settings_of_a_file_are_not_those_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORAGE", "file:///here")
    monkeypatch.setenv("QUEUE", "sqlite:///here/queues.sqlite")
    file = tmp_path / "aws.env"
    file.write_text("AWS_REGION=eu-central-1\nS3_IN_BUCKET=photos-of-acme\n")

    settings = settings_of_file(file)

    assert settings.home_folder is None
    assert settings.s3_in_bucket == "photos-of-acme"
    file.write_text("JOB_TIMEOUT_SECONDS=soon\n")
    with pytest.raises(InvalidSettings, match=r"aws.env: JOB_TIMEOUT_SECONDS: "):
        settings_of_file(file)


def test_file_of_another_deployment_that_is_not_there_is_not_taken_for_an_empty_one(
    tmp_path: Path,
) -> None:
    with pytest.raises(InvalidSettings, match="there is no file"):
        settings_of_file(tmp_path / "there.env")
