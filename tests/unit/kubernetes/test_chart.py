"""The chart: what Helm, Kubernetes and those who extend it say of it."""

import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
import yaml

from tests.support.kubernetes.chart import (
    CHART,
    DEFAULTS,
    VALUES,
    Object,
    given,
    helm,
    label,
    named,
    objects,
    parsed,
    rendered,
    texts,
)
from tests.support.photos import ROOT

KUBERNETES = ("1.30", "1.32", "1.37")
SCHEMAS = {
    path.stem: json.loads(path.read_text())
    for path in (ROOT / "tests" / "unit" / "kubernetes" / "schemas").glob("*.json")
}
"""Of the kinds that others add to Kubernetes."""
SCHEMA: dict[str, Any] = json.loads((CHART / "values.schema.json").read_text())
every_file = pytest.mark.parametrize("values", VALUES)


def check(thing: Object, version: str) -> None:
    """Check an object against the schema of Kubernetes, or of those who defined its kind."""
    if thing["kind"] in SCHEMAS:
        jsonschema.Draft7Validator(SCHEMAS[thing["kind"]]).validate(thing)
        return
    import kubernetes_validate  # where there is Helm, there is this

    kubernetes_validate.validate(thing, version, strict=True)


def test_there_are_values_for_many_ways_to_run_it() -> None:
    assert len(VALUES) >= 12


@every_file
def test_helm_has_nothing_against_the_chart(values: str) -> None:
    report = helm().lint(str(CHART), given(values), strict=True)

    # Information (1) is not counted: it recommends an icon.
    assert [each for each in report["messages"] if each["severity"] != 1] == []
    assert report["errors"] == []


@pytest.mark.parametrize("version", KUBERNETES)
@every_file
def test_kubernetes_knows_every_field(values: str, version: str) -> None:
    for thing in objects(values):
        check(thing, version)


@pytest.mark.parametrize("kind", SCHEMAS)
def test_schemas_of_others_refuse_a_field_that_they_do_not_know(kind: str) -> None:
    thing = next(each for values in VALUES for each in objects(values) if each["kind"] == kind)
    wrong = thing | {"spec": thing["spec"] | {"misspelt": 1}}

    with pytest.raises(jsonschema.ValidationError, match="misspelt"):
        check(wrong, KUBERNETES[0])


@every_file
def test_no_two_objects_have_one_name(values: str) -> None:
    names = [label(each) for each in objects(values)]

    assert len(set(names)) == len(names)


@every_file
def test_every_object_is_in_the_namespace_of_the_release(values: str) -> None:
    assert {each["metadata"]["namespace"] for each in objects(values)} == {"efr"}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"wokrer": {}}, "wokrer"),
        ({"worker": {"scalign": "keda"}}, "scalign"),
        ({"worker": {"scaling": "hpa"}}, "scaling"),
        ({"settings": {"MAX_WORKERS": 5}}, "MAX_WORKERS"),  # 50000000 would become 5e+07
        ({"settings": {"MAX_WORKRES": "5"}}, "MAX_WORKRES"),
        ({"settings": {"WORKER_PROCESSES": "auto"}}, "WORKER_PROCESSES"),
        ({"settings": {"METRICS_PORT": ""}}, "METRICS_PORT"),  # probes ask there
        ({"settings": {"METRICS_HOST": "127.0.0.1"}}, "METRICS_HOST"),
        ({"settings": {"WEB_HOST": "127.0.0.1"}}, "WEB_HOST"),
        ({"settings": {"STORAGE": "file:///data"}}, "STORAGE"),
        ({"settings": {"REDIS_URL": "redis://:password@redis"}}, "REDIS_URL"),
        ({"ingress": {"enabled": True}}, "host"),
        ({"gateway": {"enabled": True}}, "parentRefs"),
        ({"images": {"web": {"digest": "latest"}}}, "digest"),
        ({"settings": {"METRICS_PORT": "65534"}}, "METRICS_PORT"),
        ({"settings": {"SQS_REQ_QUEUE_NAME": "a: b"}}, "SQS_REQ_QUEUE_NAME"),
        ({"settings": {"TARGET_LATENCY_SECONDS": "0"}}, "TARGET_LATENCY_SECONDS"),
        ({"images": {"web": {"tag": "a: b"}}}, "tag"),
        ({"images": {"registry": "{{ x }}"}}, "registry"),
        ({"secrets": {"existingSecret": "a: b"}}, "existingSecret"),
        ({"ingress": {"host": "a b"}}, "host"),
        ({"networkPolicy": {"extraEgress": [{}]}}, "extraEgress"),
        ({"networkPolicy": {"extraEgress": [{"to": []}]}}, "extraEgress"),
        ({"secrets": {"external": {"enabled": True}}}, "external"),
        ({"secrets": {"external": {"data": {"LOG_LEVEL": {"key": "a"}}}}}, "LOG_LEVEL"),
    ],
)
def test_values_that_mean_nothing_are_refused_by_name(values: Any, message: str) -> None:
    with helm().Chart.load(str(CHART)) as chart, pytest.raises(Exception, match=message):
        chart.validate_schema(values)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"settings": {"MAX_WORKERS": "0"}}, "worker.paused"),
        ({"keda": {"authentication": "secret"}}, "existingSecret"),
        ({"web": {"autoscaling": {"minReplicas": 5, "maxReplicas": 2}}}, "maxReplicas"),
    ],
)
def test_values_that_contradict_one_another_are_refused(values: Any, message: str) -> None:
    with pytest.raises(Exception, match=message):
        rendered(values)


@pytest.mark.parametrize("name", ["1abc", "efr.prod"])
def test_release_that_can_not_name_a_service_is_refused(name: str) -> None:
    with pytest.raises(Exception, match="set fullnameOverride"):
        rendered({}, name=name)

    assert rendered({"fullnameOverride": "efr"}, name=name)


@pytest.mark.parametrize("name", ["true", "null", "no", "a" * 53, "a" * 39 + "-" + "b" * 13])
@pytest.mark.parametrize("values", ["prod", "dev-keda"])
def test_names_that_yaml_takes_for_something_else_stay_names(name: str, values: str) -> None:
    things = parsed(rendered(given(values), name=name, namespace=name))

    for thing in things:
        check(thing, KUBERNETES[1])
        assert thing["metadata"]["namespace"] == name
        assert len(thing["metadata"]["name"]) <= 63
        assert thing["metadata"]["labels"]["app.kubernetes.io/instance"] == name


def test_values_that_look_like_numbers_stay_texts() -> None:
    values = {
        "secrets": {"existingSecret": "123"},
        "settings": {"SQS_REQ_QUEUE_NAME": "123", "AWS_REGION": "1"},
        "web": {"priorityClassName": "true"},
        "worker": {"gpu": {"enabled": True, "runtimeClassName": "1"}},
        "ingress": {"enabled": True, "className": "1", "host": "1.5", "tlsSecret": "no"},
    }

    for thing in parsed(rendered(values)):
        check(thing, KUBERNETES[1])


def test_own_annotation_of_the_ingress_replaces_ours() -> None:
    ours = "nginx.ingress.kubernetes.io/proxy-body-size"
    values = {
        "ingress": {
            "enabled": True,
            "host": "a.example",
            "tlsSecret": "a",
            "annotations": {ours: "1g"},
        }
    }
    text = rendered(values)["elastic-face-recognition/templates/ingress.yaml"]

    assert text.count(ours) == 1  # twice is an error for the API server
    assert yaml.safe_load(text)["metadata"]["annotations"][ours] == "1g"


def test_keys_of_aws_from_a_store_are_refused_where_they_come_too_late() -> None:
    external = {
        "enabled": True,
        "store": {"kind": "SecretStore", "name": "a"},
        "data": {"AWS_ACCESS_KEY_ID": {"key": "a"}},
    }

    with helm().Chart.load(str(CHART)) as chart, pytest.raises(Exception, match="existingSecret"):
        chart.render({"secrets": {"external": external}}, name="efr", namespace="efr")


def parts_of(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        yield schema
        for name, each in schema.items():
            if name != "allOf":  # conditions, not values
                yield from parts_of(each)


def test_schema_knows_every_value_and_no_other() -> None:
    for part in parts_of(SCHEMA):
        if "properties" in part and part.get("type") == "object":
            assert part["additionalProperties"] is False
    jsonschema.Draft7Validator(SCHEMA).validate(DEFAULTS)


def test_objects_of_the_operators_say_what_the_files_say() -> None:
    rules = yaml.safe_load((ROOT / "deploy" / "prometheus" / "rules.yml").read_text())
    dashboard = json.loads((ROOT / "deploy" / "grafana" / "dashboards" / "efr.json").read_text())

    assert named("PrometheusRule", "efr", "prod")["spec"] == rules
    found = named("ConfigMap", "efr-dashboard", "prod")["data"]["efr.json"]
    assert json.loads(found) == dashboard


@every_file
def test_notes_say_what_to_do_next(values: str) -> None:
    notes = texts(values)["elastic-face-recognition/templates/NOTES.txt"]

    assert "efr.py keys create" in notes
    assert re.search(r"curl .*inputFile=@photo.jpg https?://", notes)
    assert ("WARNING: worker.paused" in notes) == values.startswith("paused")
