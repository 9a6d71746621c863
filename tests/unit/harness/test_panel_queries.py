"""Trials ask what the dashboard asks, and take no zero for data that stands in for none."""

from harness.watched.prometheus import panel_queries
from scripts.grafana.dashboard import dashboard


def test_query_that_found_nothing_is_not_helped_by_a_zero() -> None:
    shown = [target["expr"] for panel in dashboard()["panels"] for target in panel["targets"]]

    assert any("vector(0)" in query for query in shown)
    assert not [query for query in panel_queries() if "vector" in query or "$" in query]
    assert len(panel_queries()) == len([query for query in shown if "efr_" in query])
