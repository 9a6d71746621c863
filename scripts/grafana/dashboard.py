"""Write Grafana's dashboard of the service; ``make dashboard``.

    python -m scripts.grafana.dashboard [FILE]

Grafana's format has some hundred fields, of which a panel needs a dozen: they are here once.
"""

import argparse
import json
from pathlib import Path
from typing import Any, Final

from scripts.grafana.panels import PANELS, PRICES, Panel

ROOT: Final = Path(__file__).resolve().parents[2]
FILE: Final = ROOT / "deploy/grafana/dashboards/efr.json"
_SOURCE: Final = {"type": "prometheus", "uid": "${source}"}
_WIDTH: Final = 8
_HEIGHT: Final = 8
_IN_A_ROW: Final = 3


def dashboard() -> dict[str, Any]:
    """Return the dashboard as Grafana reads it."""
    return {
        "uid": "efr",
        "title": "Elastic Face Recognition",
        "schemaVersion": 39,
        "timezone": "browser",
        "refresh": "10s",
        "time": {"from": "now-1h", "to": "now"},
        "templating": {
            "list": [
                {
                    "name": "source",
                    "label": "Source",
                    "type": "datasource",
                    "query": "prometheus",
                    "current": {},
                },
                *(_price(name, label, usd) for name, (label, usd) in PRICES.items()),
            ]
        },
        "panels": [_panel(number, panel) for number, panel in enumerate(PANELS)],
    }


def _price(name: str, label: str, usd: float) -> dict[str, Any]:
    """Return a variable that whoever looks can change."""
    text = f"{usd:g}"
    return {
        "name": name,
        "label": label,
        "type": "textbox",
        "query": text,
        "current": {"text": text, "value": text},
    }


def _panel(number: int, panel: Panel) -> dict[str, Any]:
    stacking = {"mode": "normal" if panel.is_stacked else "none"}
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": panel.title,
        "description": panel.says,
        "datasource": _SOURCE,
        "gridPos": {
            "x": number % _IN_A_ROW * _WIDTH,
            "y": number // _IN_A_ROW * _HEIGHT,
            "w": _WIDTH,
            "h": _HEIGHT,
        },
        "fieldConfig": {
            "defaults": {
                "unit": panel.unit,
                "min": 0,
                "custom": {"fillOpacity": 20 if panel.is_stacked else 0, "stacking": stacking},
            },
            "overrides": [],
        },
        "targets": [
            {
                "refId": chr(ord("A") + place),
                "datasource": _SOURCE,
                "expr": query,
                "legendFormat": name,
            }
            for place, (name, query) in enumerate(panel.queries.items())
        ],
    }


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("file", nargs="?", type=Path, default=FILE)
    file = parser.parse_args().file
    file.write_text(json.dumps(dashboard(), indent=1) + "\n")


if __name__ == "__main__":
    main()
