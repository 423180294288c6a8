"""Line charts and bars as SVG, by hand: read in a light page and in a dark one, compared in a diff."""

import math
from collections.abc import Mapping, Sequence
from typing import Final
from xml.sax.saxutils import escape

import msgspec

WIDTH: Final = 720
HEIGHT: Final = 360
LEFT, RIGHT, TOP, BOTTOM = 76, 24, 72, 56
TICKS: Final = 5
STYLE: Final = """
text { font: 13px system-ui, sans-serif; fill: #1f2328 } .title { font-size: 16px; font-weight: 600 }
.page { fill: #ffffff } .grid { stroke: #d1d9e0 } .axis { stroke: #59636e } path { fill: none; stroke-width: 2 }
.c0 { stroke: #0969da } .c1 { stroke: #bc4c00 } .c2 { stroke: #6639ba } .c3 { stroke: #1a7f37 }
.f0 { fill: #0969da }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .page { fill: #0d1117 } .grid { stroke: #3d444d } .axis { stroke: #9198a1 }
.c0 { stroke: #4493f8 } .c1 { stroke: #f0883e } .c2 { stroke: #ab7df8 } .c3 { stroke: #3fb950 } .f0 { fill: #4493f8 }
}
"""


class Line(msgspec.Struct, frozen=True):
    """A curve: x and y, in the order of x."""

    name: str
    points: Sequence[tuple[float, float]]


def line_chart(title: str, lines: Sequence[Line], *, x_title: str, y_title: str, x_ticks: Mapping[float, str]) -> str:
    """`x_ticks`: what is written at which x; its ends are the ends of the axis. y begins at 0."""
    top = nice_ceiling(max((y for line in lines for _, y in line.points), default=1.0))
    low, high = min(x_ticks), max(x_ticks)

    def place(x: float, y: float) -> str:
        across = LEFT + (x - low) / ((high - low) or 1) * _plot_width()
        return f"{across:.1f},{HEIGHT - BOTTOM - y / top * _plot_height():.1f}"

    parts = [*_frame(title, x_title, y_title), *_y_axis(top)]
    for x, text in x_ticks.items():
        across = place(x, 0).partition(",")[0]
        parts.append(f'<text x="{across}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{escape(text)}</text>')
    legend = LEFT
    for number, line in enumerate(lines):
        color = f"c{number % 4}"
        path = " L".join(place(x, y) for x, y in line.points)
        dash = ' stroke-dasharray="6 4"' if number % 2 else ""  # for those who don't see the colours
        parts.append(f'<path class="{color}" d="M{path}"{dash}/>')
        parts.append(f'<path class="{color}" d="M{legend},50 h22"{dash}/>')
        parts.append(f'<text x="{legend + 28}" y="54">{escape(line.name)}</text>')
        legend += 48 + 8 * len(line.name)
    return _whole(title, parts)


def bar_chart(title: str, bars: Mapping[str, float], *, unit: str) -> str:
    """Lying bars, each with its figure."""
    height = TOP + 30 * len(bars) + 20
    longest = max(bars.values(), default=1.0) or 1.0
    start, room = 330, WIDTH - 330 - 110
    parts = [f'<text class="title" x="24" y="30">{escape(title)}</text>']
    for number, (name, value) in enumerate(bars.items()):
        y = TOP - 16 + 30 * number
        width = max(1.0, value / longest * room)
        parts.append(f'<text x="{start - 8}" y="{y + 15}" text-anchor="end">{escape(name)}</text>')
        parts.append(f'<rect class="f0" x="{start}" y="{y}" width="{width:.1f}" height="20" rx="2"/>')
        parts.append(f'<text x="{start + width + 6:.1f}" y="{y + 15}">{value:,.1f} {escape(unit)}</text>')
    return _whole(title, parts, height)


def nice_ceiling(value: float) -> float:
    """The next of 1, 2, 2.5 and 5 times a power of ten: an axis ends there."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= value * (1 - 1e-9))


def _plot_width() -> int:
    return WIDTH - LEFT - RIGHT


def _plot_height() -> int:
    return HEIGHT - TOP - BOTTOM


def _frame(title: str, x_title: str, y_title: str) -> list[str]:
    across, down = LEFT + _plot_width() // 2, TOP + _plot_height() // 2
    return [
        f'<text class="title" x="24" y="30">{escape(title)}</text>',
        f'<text x="{across}" y="{HEIGHT - 12}" text-anchor="middle">{escape(x_title)}</text>',
        f'<text transform="translate(18 {down}) rotate(-90)" text-anchor="middle">{escape(y_title)}</text>',
    ]


def _y_axis(top: float) -> list[str]:
    parts = []
    for step in range(TICKS + 1):
        y = HEIGHT - BOTTOM - step / TICKS * _plot_height()
        kind = "grid" if step else "axis"
        parts.append(f'<line class="{kind}" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{top * step / TICKS:,.10g}</text>')
    return parts


def _whole(title: str, parts: Sequence[str], height: int = HEIGHT) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">'
    page = f'<rect class="page" width="{WIDTH}" height="{height}" rx="6"/>'
    return "\n".join([head, f"<title>{escape(title)}</title>", f"<style>{STYLE}</style>", page, *parts, "</svg>", ""])
