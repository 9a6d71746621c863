"""The page about Kubernetes, beside the chart."""

import re
from collections.abc import Iterator
from typing import Any

import yaml

from scripts.kubernetes.chart_page import VALUES, described
from tests.support.kubernetes.chart import CHART, helm
from tests.support.kubernetes.chart import VALUES as FILES
from tests.support.photos import ROOT

PAGE = (ROOT / "docs" / "deploy-kubernetes.md").read_text()


def leaves(values: Any, path: str = "") -> Iterator[str]:
    if isinstance(values, dict) and values:
        for name, value in values.items():
            yield from leaves(value, f"{path}.{name}" if path else name)
    else:
        yield path


def test_every_value_is_described() -> None:
    paths = [path for path, _ in described(VALUES.read_text())]

    for leaf in leaves(yaml.safe_load(VALUES.read_text())):
        assert any(leaf == path or leaf.startswith(f"{path}.") for path in paths), leaf


def test_values_that_the_page_shows_are_those_of_the_chart() -> None:
    shown = re.search(r"^       images:.*?\n\n", PAGE, re.MULTILINE | re.DOTALL)
    assert shown is not None

    with helm().Chart.load(str(CHART)) as chart:
        chart.validate_schema(yaml.safe_load(shown[0]))


def test_page_names_only_values_that_there_are() -> None:
    known = {path for path, _ in described(VALUES.read_text())}
    groups = {path.rpartition(".")[0] for path in known}

    named = re.findall(
        r"`((?:images|secrets|web|worker|keda|shell|networkPolicy|monitoring|ingress)\.[A-Za-z.]+)",
        PAGE,
    )
    assert len(named) > 20
    assert {name for name in named if not name.startswith("settings.")} <= known | groups
    for name in re.findall(r"ci/([a-z-]+)\.yaml", PAGE):
        assert name in FILES
