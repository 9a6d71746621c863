"""The Helm chart, rendered by the real Helm."""

from collections.abc import Iterator
from functools import cache
from typing import Any, Final

import yaml

from tests.support.missing import missing
from tests.support.photos import ROOT

CHART: Final = ROOT / "deploy" / "helm" / "elastic-face-recognition"
VALUES: Final = {path.stem: path for path in sorted((CHART / "ci").glob("*.yaml"))}
"""Files of values, each for a way to run the service."""
DEFAULTS: Final[dict[str, Any]] = yaml.safe_load((CHART / "values.yaml").read_text())
NAME: Final = "efr"

Object = dict[str, Any]


def helm() -> Any:
    """Return Helm's library; skip without it on a developer's machine, and fail in CI."""
    try:
        import helm_python
    except ImportError as error:
        missing(f"Helm is not installed: run 'make install' ({error})")
    return helm_python


def given(values: str) -> dict[str, Any]:
    """Return what a file of values says."""
    return yaml.safe_load(VALUES[values].read_text()) or {}


def rendered(values: Object, *, name: str = NAME, namespace: str = NAME) -> dict[str, str]:
    """Return what each template becomes with values in a release, if the schema allows them."""
    with helm().Chart.load(str(CHART)) as chart:
        chart.validate_schema(values)
        found: dict[str, str] = chart.render(values, name=name, namespace=namespace)
    return found


def parsed(rendered: dict[str, str]) -> tuple[Object, ...]:
    """Return the objects of rendered templates."""
    return tuple(
        each
        for name, text in rendered.items()
        if name.endswith(".yaml")
        for each in yaml.safe_load_all(text)
        if each
    )


@cache
def texts(values: str) -> dict[str, str]:
    """Return what each template becomes with a file of values."""
    return rendered(given(values))


@cache
def objects(values: str) -> tuple[Object, ...]:
    """Return the objects that the chart makes of a file of values; they are not changed."""
    return parsed(texts(values))


def of_kind(kind: str, values: str) -> list[Object]:
    return [each for each in objects(values) if each["kind"] == kind]


def named(kind: str, name: str, values: str) -> Object:
    """Return the only object of that kind and name."""
    (found,) = [each for each in of_kind(kind, values) if each["metadata"]["name"] == name]
    return found


def label(thing: Object) -> str:
    return f"{thing['kind']}/{thing['metadata']['name']}"


def templates(values: str) -> Iterator[tuple[str, Object]]:
    """Yield the pods that the objects make, each with the name of its object."""
    for each in objects(values):
        if each["kind"] in ("Deployment", "Job"):
            yield label(each), each["spec"]["template"]


def component(pod: Object) -> str:
    return str(pod["metadata"]["labels"]["app.kubernetes.io/component"])


def ours(values: str) -> list[tuple[str, Object]]:
    """Return the pods that run the service's own images."""
    return [pair for pair in templates(values) if component(pair[1]) != "localstack"]


def environment(pod: Object, values: str) -> dict[str, str]:
    """Return the variables of a pod's container, without those of Secrets."""
    (container,) = pod["spec"]["containers"]
    found: dict[str, str] = {}
    for source in container.get("envFrom", []):
        if "configMapRef" in source:
            found |= named("ConfigMap", source["configMapRef"]["name"], values)["data"]
        else:
            name = source["secretRef"]["name"]
            for secret in of_kind("Secret", values):
                found |= secret["stringData"] if secret["metadata"]["name"] == name else {}
    return found | {
        each["name"]: each["value"] for each in container.get("env", []) if "value" in each
    }
