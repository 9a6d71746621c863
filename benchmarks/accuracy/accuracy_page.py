"""The tables of docs/accuracy.md, which cog writes there, from their artifacts."""

import json
from pathlib import Path
from typing import Any, Final

from benchmarks.common.tables import paragraph, table

_ROOT: Final = Path(__file__).resolve().parents[2]
_SHOWN_DISTANCES: Final = tuple(round(0.44 + 0.02 * step, 2) for step in range(9))
_OURS: Final = "balanced"
_POOR_GALLERY: Final = 50


def tables() -> dict[str, str]:
    """Return the generated parts of the page by their names."""
    artifact, quality = _read("accuracy.json"), _read("quality.json")
    profiles = artifact["profiles"]
    return {
        "accuracy": _accuracy_table(profiles),
        "comparisons": _comparisons(artifact["comparisons"]),
        "rates balanced": _rates_table(profiles["balanced"]),
        "rates fast": _rates_table(profiles["fast"]),
        "poor photos": _poor_table(quality["kinds"]),
        "good photos": _good_table(quality["good_photos"]),
    }


def _read(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((_ROOT / "docs" / "benchmarks" / name).read_text())
    return content


def _accuracy_table(profiles: dict[str, Any]) -> str:
    rows = []
    for name, measured in profiles.items():
        pairs, faceless = measured["pairs"], measured["photos_without_face"]
        wrong = f"{len(pairs['misjudged'])} misjudged, {len(pairs['without_face'])} without a face"
        rows.append(
            (
                f"`{name}`",
                measured["measured_at"][:10],
                f"{measured['photos'] - faceless:,} of {measured['photos']:,}",
                f"{pairs['test_accuracy']:.2%}",
                f"{wrong}, of {pairs['test_pairs']}",
                f"{pairs['threshold']:.3f}",
                f"{pairs['train_accuracy']:.2%}",
            )
        )
    head = ("profile", "measured", "faces found", "DevTest", "wrong", "threshold", "DevTrain")
    return table(head, rows)


def _comparisons(comparisons: dict[str, Any]) -> str:
    return "\n".join(_comparison(name, compared) for name, compared in comparisons.items())


def _comparison(name: str, compared: dict[str, Any]) -> str:
    both = compared["wrong"] - compared["only_wrong"]
    return paragraph(
        f"- `{name}`, {compared['pairs']} pairs that both judged: `{_OURS}` gets "
        f"{compared['wrong']} wrong and `{name}` {compared['other_wrong']}. {both} of them are "
        f"the same, {compared['only_wrong']} only `{_OURS}`'s, {compared['only_other_wrong']} "
        f"only the other's (p = {compared['p_value']:.2g})."
    )


def _rates_table(measured: dict[str, Any]) -> str:
    searches = measured["identification"]
    head = ["largest distance", "FMR", "FNMR"]
    for size in searches:
        head += [f"FPIR, {int(size):,} people", "FNIR"]
    rows = []
    for index, rates in enumerate(measured["verification"]["rates"]):
        if rates["distance"] not in _SHOWN_DISTANCES:
            continue
        row = [f"{rates['distance']:.2f}", f"{rates['fmr']:.4%}", f"{rates['fnmr']:.1%}"]
        for search in searches.values():
            row += [f"{search[index]['fpir']:.2%}", f"{search[index]['fnir']:.1%}"]
        rows.append(row)
    return table(head, rows)


def _poor_table(kinds: dict[str, Any]) -> str:
    rows = [
        (
            kind,
            f"{counted['found']:.0%}",
            f"{counted['median_quality']:.0f}",
            ", ".join(f"`{flaw}`" for flaw, share in counted["reasons"].items() if share > 0.25),
            f"{counted['refused']:.0%}",
            _poor_gallery(counted["poor_gallery"]),
            f"{counted['unsearched']:.0%}",
            _both(counted["strangers_named"]),
            _both(counted["people"], "right"),
            _both(counted["people"], "wrong"),
        )
        for kind, counted in kinds.items()
    ]
    head = (
        "photo",
        "found",
        "quality",
        "reasons",
        "not enrolled",
        "strangers named, poor ones enrolled",
        "not searched",
        "strangers named, good ones enrolled",
        "people named rightly",
        "wrongly",
    )
    return table(head, rows)


def _poor_gallery(counted: dict[str, Any]) -> str:
    """Return the rates, unless so few faces were found that nobody was left to look for."""
    full = counted["without"]["enrolled"] == _POOR_GALLERY
    return _both(counted, "named") if full else "–"


def _both(counted: dict[str, Any], part: str | None = None) -> str:
    """Return a share without the bounds of quality, and with them."""
    without, with_ = (
        counted[name][part] if part else counted[name] for name in ("without", "with")
    )
    return f"{without:.1%} → {with_:.1%}"


def _good_table(halves: dict[str, Any]) -> str:
    rows = [
        (
            half,
            f"{judged['photos']:,}",
            f"{judged['refused']:.1%}",
            f"{judged['unsearched']:.1%}",
            ", ".join(f"`{flaw}` {share:.1%}" for flaw, share in judged["reasons"].items()),
        )
        for half, judged in halves.items()
    ]
    return table(("people for", "photos", "not enrolled", "not searched", "reasons"), rows)
