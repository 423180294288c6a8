"""Metadata in a form: a key and a value a line, as people write them."""

from typing import Any, Final

import msgspec

from largesse.dashboard.forms import Form

HINT: Final = "One a line: key = value. Numbers, true and false are understood; anything else is a text."
LINES_MAX: Final = 200


def metadata_of(form: Form, name: str = "metadata") -> dict[str, Any]:
    """What the field says. A line without = is a fault."""
    found: dict[str, Any] = {}
    lines = [line.strip() for line in form.text(name).split("\n") if line.strip()]
    if len(lines) > LINES_MAX:
        form.fault(name, f"Must not have more than {LINES_MAX} lines.")
        return {}
    for line in lines:
        key, equals, text = line.partition("=")
        if not equals or not key.strip():
            form.fault(name, f"Write key = value; this line has no key: {line[:60]}")
            return {}
        found[key.strip()] = _value(text.strip())
    return found


def _value(text: str) -> Any:
    """As JSON where it is a value of it, else the text itself."""
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return text
    return text if value is None else value


def metadata_text(metadata: dict[str, Any]) -> str:
    """What `metadata_of` reads back."""
    return "\n".join(f"{key} = {_written(value)}" for key, value in metadata.items())


def _written(value: Any) -> str:
    plain = isinstance(value, str) and "\n" not in value and value == value.strip() and _value(value) == value
    return str(value) if plain else msgspec.json.encode(value).decode()
