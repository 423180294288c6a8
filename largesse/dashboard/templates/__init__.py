"""The templates, and what all of them know. Whatever comes from people is escaped: autoescape is on everywhere."""

from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from largesse import __version__
from largesse.dashboard import charts, formats
from largesse.dashboard.assets import asset_url
from largesse.dashboard.forms import plain
from largesse.domain.users import ADMIN, USER

ENVIRONMENT: Final = Environment(
    loader=PackageLoader("largesse.dashboard", "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
ENVIRONMENT.filters |= {
    "number": formats.number,
    "money": formats.money,
    "moment": formats.moment,
    "day": formats.day,
    "ago": formats.ago,
    "span": formats.span,
    "json_text": formats.json_text,
    "plain": plain,
}
ENVIRONMENT.globals |= {
    "asset_url": asset_url,
    "bar": charts.bar,
    "percent": formats.percent,
    "plural": formats.plural,
    "version": __version__,
    "ADMIN": ADMIN,
    "USER": USER,
}
