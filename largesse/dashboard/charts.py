"""Charts as SVG, drawn here: no script, no style attribute, a title on everything that can be pointed at.

They say nothing that the table below them doesn't: whoever can't see them misses nothing.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from markupsafe import Markup, escape

from largesse.dashboard.formats import number

WIDTH: Final = 720.0
HEIGHT: Final = 160.0
_GAP: Final = 0.18  # of a column's width


class Column(NamedTuple):
    """A column of a chart: `low` stands on the ground, `high` on top of it."""

    title: str
    low: int
    high: int = 0


def columns(data: Sequence[Column], label: str) -> Markup:
    """A column for each, as wide as the page: labels that must not be squeezed stand beside it, in HTML."""
    highest = max((one.low + one.high for one in data), default=0) or 1
    width = WIDTH / max(1, len(data))
    drawn = []
    for index, one in enumerate(data):
        left, inner = index * width + width * _GAP / 2, width * (1 - _GAP)
        low, high = HEIGHT * one.low / highest, HEIGHT * one.high / highest
        # The whole height can be pointed at, also where there is nothing.
        drawn.append(
            Markup('<g><title>{}</title><rect class="point" x="{:.2f}" y="0" width="{:.2f}" height="{}"/>').format(
                one.title, index * width, width, HEIGHT
            )
            + _rect("low", left, HEIGHT - low, inner, low)
            + _rect("high", left, HEIGHT - low - high, inner, high)
            + Markup("</g>")
        )
    return Markup(
        '<svg class="columns" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>'
    ).format(WIDTH, HEIGHT, label, Markup("").join(drawn))


class Part(NamedTuple):
    """A part of a bar. `kind` is its CSS class."""

    kind: str
    label: str
    value: int


def bar(parts: Sequence[Part], label: str) -> Markup:
    """One bar, divided. What there is some of can be seen, however little it is."""
    whole = sum(part.value for part in parts)
    drawn, left = [], 0.0
    for part in parts:
        if not part.value:
            continue
        width = max(100 * part.value / whole, 0.6)
        width = min(width, 100 - left)
        drawn.append(
            Markup('<rect class="{}" x="{:.3f}" y="0" width="{:.3f}" height="10"><title>{}</title></rect>').format(
                part.kind, left, width, f"{part.label}: {number(part.value)}"
            )
        )
        left += width
    return Markup(
        '<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>'
    ).format(label, Markup("").join(drawn))


def _rect(kind: str, x: float, y: float, width: float, height: float) -> Markup:
    if height <= 0:
        return Markup("")
    height = max(height, 1.0)
    return Markup('<rect class="{}" x="{:.2f}" y="{:.2f}" width="{:.2f}" height="{:.2f}"/>').format(
        escape(kind), x, min(y, HEIGHT - height), width, height
    )
