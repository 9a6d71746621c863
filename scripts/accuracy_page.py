"""Write the tables of docs/accuracy.md from the artifacts in docs/benchmarks/.

Each stands between ``<!-- NAME -->`` and ``<!-- end -->``; all else is written by hand.
"""

import argparse
import json
import re
from pathlib import Path
from typing import Any, Final

from tables import table

_ROOT: Final = Path(__file__).resolve().parents[1]
PAGE: Final = _ROOT / "docs" / "accuracy.md"
_SHOWN_DISTANCES: Final = tuple(round(0.44 + 0.02 * step, 2) for step in range(9))
_OURS: Final = "balanced"


def main() -> None:
    """Replace every table; nothing is measured here."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    PAGE.write_text(with_tables(PAGE.read_text()))


def with_tables(page: str) -> str:
    """Return the page with every table as the artifacts have it."""
    for name, text in _parts(_read("accuracy.json")).items():
        page = replaced(page, name, text)
    return page


def _read(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((_ROOT / "docs" / "benchmarks" / name).read_text())
    return content


def replaced(page: str, name: str, text: str) -> str:
    """Return the page with another text behind ``<!-- name -->``.

    Raises
    ------
    ValueError
        If the page has no such place.
    """
    begin, end = f"<!-- {name} -->", "<!-- end -->"
    place = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    result, count = place.subn(lambda _: f"{begin}\n{text}\n{end}", page)
    if count != 1:
        raise ValueError(f"{count} places for {name!r} in the page")
    return result


def _parts(artifact: dict[str, Any]) -> dict[str, str]:
    profiles = artifact["profiles"]
    return {
        "accuracy": _accuracy_table(profiles),
        "comparisons": _comparisons(artifact["comparisons"]),
        "rates balanced": _rates_table(profiles["balanced"]),
        "rates fast": _rates_table(profiles["fast"]),
    }


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
    return (
        f"- `{name}`, {compared['pairs']} pairs that both judged: `{_OURS}` gets "
        f"{compared['wrong']} wrong and `{name}` {compared['other_wrong']}; {both} of them are "
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


if __name__ == "__main__":
    main()
