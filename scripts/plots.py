"""Line charts as SVG, without a plotting library."""

import math
from dataclasses import dataclass
from html import escape
from typing import Final

_WIDTH: Final = 640
_HEIGHT: Final = 400
_LEFT: Final = 70
_RIGHT: Final = 150
_TOP: Final = 40
_BOTTOM: Final = 50
_COLOURS: Final = ("#1b6ca8", "#c0392b", "#1e8449", "#7d3c98", "#b9770e", "#424949")


@dataclass(frozen=True, kw_only=True)
class Line:
    """A named series of points."""

    name: str
    points: tuple[tuple[float, float], ...]


def line_chart(title: str, x_label: str, y_label: str, lines: list[Line]) -> str:
    """Return an SVG with a logarithmic y axis, on which points at 0 are left out."""
    xs = [x for line in lines for x, _ in line.points]
    ys = [y for line in lines for _, y in line.points if y > 0]
    low_x, high_x = min(xs), max(xs)
    low_y, high_y = math.floor(math.log10(min(ys))), math.ceil(math.log10(max(ys)))

    def place(x: float, log_y: float) -> tuple[float, float]:
        across = (x - low_x) / (high_x - low_x)
        up = (log_y - low_y) / max(high_y - low_y, 1)
        return (
            round(_LEFT + across * (_WIDTH - _LEFT - _RIGHT), 1),
            round(_HEIGHT - _BOTTOM - up * (_HEIGHT - _TOP - _BOTTOM), 1),
        )

    parts = [_text(_LEFT, 22, title, size=15)]
    for power in range(low_y, high_y + 1):
        x, y = place(low_x, power)
        parts.append(_rule(x, y, _WIDTH - _RIGHT, y))
        parts.append(_text(x - 6, y + 4, f"{10.0**power:g}", anchor="end"))
    for step in range(6):
        value = low_x + (high_x - low_x) * step / 5
        x, y = place(value, low_y)
        parts.append(_rule(x, _TOP, x, y))
        parts.append(_text(x, y + 16, f"{value:.2f}", anchor="middle"))
    for index, line in enumerate(lines):
        colour = _COLOURS[index % len(_COLOURS)]
        placed = [place(x, math.log10(y)) for x, y in line.points if y > 0]
        path = " ".join(f"{x},{y}" for x, y in placed)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts.append(_text(_WIDTH - _RIGHT + 10, _TOP + 14 + 18 * index, line.name, colour=colour))
    parts.append(_text((_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 12, x_label, anchor="middle"))
    parts.append(
        f'<g transform="rotate(-90 16 {_HEIGHT / 2})">'
        f"{_text(16, _HEIGHT / 2, y_label, anchor='middle')}</g>"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        f'font-family="sans-serif"><rect width="100%" height="100%" fill="white"/>'
        + "\n".join(parts)
        + "</svg>\n"
    )


def _rule(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="#ddd"/>'


def _text(
    x: float, y: float, text: str, *, size: int = 11, anchor: str = "start", colour: str = "#222"
) -> str:
    return (
        f'<text x="{x}" y="{y}" font-size="{size}" text-anchor="{anchor}" fill="{colour}">'
        f"{escape(text)}</text>"
    )
