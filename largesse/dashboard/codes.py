"""What codes will look like, how many there can be, and how long somebody guesses: in plain words."""

import os
from typing import Any, Final, NamedTuple

from largesse.dashboard.formats import number, plural
from largesse.dashboard.forms import Form
from largesse.domain.codes import ALPHANUMERIC, CodeConfig, capacity, code_config, new_codes
from largesse.domain.errors import InvalidCodeConfig

OWN: Final = "own"
CHARSETS: Final = {
    "easy": ("Capital letters and digits that nobody mixes up", "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"),
    "capitals": ("Capital letters and digits", "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"),
    "all": ("Letters, large and small, and digits", ALPHANUMERIC),
    "letters": ("Capital letters", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    "digits": ("Digits", "0123456789"),
    OWN: ("Characters of your own", ""),
}
FIELDS: Final = ("length", "charset", "own_charset", "pattern", "prefix", "postfix", "vouchers_count")
PATHS: Final = {
    f"{before}code_config.{name}": name if name != "charset" else "own_charset"
    for before in ("", "voucher.")
    for name in ("length", "pattern", "prefix", "postfix", "charset")
}
EXAMPLES: Final = 5
TRIES_A_SECOND: Final = 1_000
_EXACT_MAX: Final = 10**9
_NAMES: Final = (
    "billion", "trillion", "quadrillion", "quintillion", "sextillion", "septillion", "octillion", "nonillion",
    "decillion",
)  # fmt: skip
_MINUTE, _HOUR, _DAY, _YEAR = 60, 3_600, 86_400, 31_557_600


class Outlook(NamedTuple):
    """`found_in`: how long somebody tries until he finds a valid code. `kind` is a badge's."""

    examples: list[str]
    possible: str
    found_in: str
    verdict: str
    kind: str


def config_of(form: Form) -> dict[str, Any]:
    """The contract's `code_config` of what the form says: a pattern, or a length."""
    chosen = form.text("charset")
    charset = form.text("own_charset") if chosen == OWN else CHARSETS.get(chosen, CHARSETS["easy"])[1]
    if chosen == OWN and not charset:
        form.fault("own_charset", "Write the characters that the codes are made of.")
    config: dict[str, Any] = {"charset": charset or ALPHANUMERIC}
    config |= {name: form.text(name) for name in ("prefix", "postfix") if form.text(name)}
    if pattern := form.text("pattern"):
        return config | {"pattern": pattern}
    length = form.integer("length")
    return config if length is None else config | {"length": length}


def outlook_of(form: Form, *, case_sensitive: bool) -> Outlook | None:
    """None, and a fault beside its field, when there can't be such codes."""
    sent = config_of(form)
    wanted = form.integer("vouchers_count") or 1
    if form.is_refused:
        return None
    try:
        config = code_config(**sent)
    except InvalidCodeConfig as error:
        form.refuse(error, PATHS)
        return None
    return outlook(config, wanted, case_sensitive=case_sensitive)


def outlook(config: CodeConfig, wanted: int, *, case_sensitive: bool) -> Outlook:
    room = capacity(config, case_sensitive=case_sensitive)
    examples = list(dict.fromkeys(new_codes(config, EXAMPLES, os.urandom)))
    # As whole numbers: there may be more codes than a float can count.
    seconds = room // max(wanted, 1) // TRIES_A_SECOND
    verdict, kind = _verdict(seconds)
    return Outlook(examples, in_words(room), _span(seconds), verdict, kind)


def in_words(count: int) -> str:
    """`12,000`, `about 218 trillion`."""
    if count < _EXACT_MAX:
        return number(count)
    for place, name in enumerate(_NAMES):
        size = 1_000 ** (place + 3)
        if count < 1_000 * size:
            return f"about {number(count // size)} {name}"
    return f"more than a {_NAMES[-1]}"


def _span(seconds: int) -> str:
    if seconds < 1:
        return "less than a second"
    for size, below, word in ((1, _MINUTE, "second"), (_MINUTE, _HOUR, "minute"), (_HOUR, _DAY, "hour")):
        if seconds < below:
            return plural(seconds // size, word)
    if seconds < _YEAR:
        return plural(seconds // _DAY, "day")
    years = seconds // _YEAR
    return plural(years, "year") if years < 1_000_000 else "more than a million years"  # noqa: PLR2004


def _verdict(seconds: int) -> tuple[str, str]:
    if seconds < _HOUR:
        return "Easily guessed. Make the codes longer, or make fewer of them.", "bad"
    if seconds < _YEAR:
        return "Somebody patient guesses one. Two more characters make it hopeless.", "warn"
    return "Guessing is hopeless.", "good"
