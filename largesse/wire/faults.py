"""What is wrong with a value, and the words for where it stands."""

from typing import Final, TypeAlias

FAULTS_MAX: Final = 100
_NAME_MAX: Final = 100

# Where a value stands: its name or index, in what. Text is made of it only for a fault: most values have none.
Place: TypeAlias = "tuple[Place, str | int] | None"


class Fault(ValueError):
    """The rest of the sentence that begins with "Property .x": `must be integer`."""


class TooManyFaults(Exception):
    """FAULTS_MAX are written down: nobody reads more, and ten million bytes may hold millions."""


class Faults:
    """All that is wrong with one value, in the order found."""

    def __init__(self) -> None:
        self._texts: list[str] = []

    def __bool__(self) -> bool:
        return bool(self._texts)

    def add(self, place: Place, fault: str) -> None:
        """Raises TooManyFaults when the list is full."""
        if len(self._texts) == FAULTS_MAX:
            self._texts.append("and more")
            raise TooManyFaults
        self._texts.append(sentence(path_of(place), fault))

    def __str__(self) -> str:
        return "; ".join(self._texts)


def path_of(place: Place) -> str:
    """`.items[0].name`; nothing for the whole."""
    parts: list[str] = []
    while place is not None:
        place, name = place
        parts.append(f"[{name}]" if isinstance(name, int) else f".{printable(name)}")
    return "".join(reversed(parts))


def printable(name: str) -> str:
    """A property's name as it may stand in an error: without NUL, without half characters, not endless."""
    return name[:_NAME_MAX].encode("utf-8", "backslashreplace").decode().replace("\x00", "\\u0000")


def sentence(path: str, fault: str) -> str:
    """House style: `Property .campaign.count must be integer`, `Payload must be object`."""
    return f"Property {path} {fault}" if path else f"Payload {fault}"
