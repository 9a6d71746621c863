"""Charts, the same in colours and size for all documents."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import matplotlib as mpl
from matplotlib import pyplot as plt

_SIZE_INCHES: Final = (7.0, 4.2)

mpl.use("svg")
mpl.rcParams["svg.hashsalt"] = "elastic-face-recognition"  # the same chart is the same file


@dataclass(frozen=True, kw_only=True)
class Line:
    """A named series of points."""

    name: str
    points: tuple[tuple[float, float], ...]


def line_chart(
    title: str, x_label: str, y_label: str, lines: list[Line], *, y_scale: str = "log"
) -> str:
    """Return an SVG; its y axis is logarithmic unless another of matplotlib's scales is named."""
    figure, axes = plt.subplots(figsize=_SIZE_INCHES)
    for line in lines:
        axes.plot(*zip(*line.points, strict=True), label=line.name)
    axes.set(title=title, xlabel=x_label, ylabel=y_label, yscale=y_scale)
    axes.legend(fontsize="small")
    return _svg(figure, axes)


def line_charts_png(x_label: str, charts: Mapping[str, Line]) -> bytes:
    """Return a PNG with a chart of each line, one below the other; keys are the y labels."""
    figure, rows = plt.subplots(len(charts), sharex=True, figsize=(7.0, 2.2 * len(charts)))
    for axes, (y_label, line) in zip(rows, charts.items(), strict=True):
        axes.plot(*zip(*line.points, strict=True))
        axes.set(title=line.name, ylabel=y_label, ylim=(0, None))
        axes.grid(visible=True, axis="y", alpha=0.3)
    rows[-1].set(xlabel=x_label)
    figure.tight_layout()
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=120)
    plt.close(figure)
    return file.getvalue()


def bar_chart(
    title: str, y_label: str, groups: Sequence[str], bars: Mapping[str, Sequence[float]]
) -> str:
    """Return an SVG with a bar for each name in every group."""
    figure, axes = plt.subplots(figsize=_SIZE_INCHES)
    width = 0.8 / len(bars)
    for index, (name, heights) in enumerate(bars.items()):
        places = [group - 0.4 + width * (index + 0.5) for group in range(len(groups))]
        axes.bar(places, heights, width, label=name)
    axes.set(title=title, ylabel=y_label)
    axes.set_xticks(range(len(groups)), groups)
    if len(bars) > 1:
        axes.legend(fontsize="small")
    return _svg(figure, axes)


def _svg(figure: Any, axes: Any) -> str:
    axes.grid(visible=True, axis="y", alpha=0.3)
    figure.tight_layout()
    file = io.StringIO()
    figure.savefig(file, format="svg", metadata={"Date": None})
    plt.close(figure)
    return file.getvalue()
