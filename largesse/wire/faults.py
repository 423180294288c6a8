"""What is wrong with one value, and the words for where it stands."""

from typing import Final

FAULTS_MAX: Final = 100
_NAME_MAX: Final = 100


class Fault(ValueError):
    """The rest of the sentence that begins with "Property .x": `must be integer`."""


def printable(name: str) -> str:
    """A property's name as it may stand in an error: without NUL, without half characters, not endless."""
    return name[:_NAME_MAX].encode("utf-8", "backslashreplace").decode().replace("\x00", "\\u0000")


def sentence(path: str, fault: str) -> str:
    """House style: `Property .campaign.count must be integer`, `Payload must be object`."""
    return f"Property {path} {fault}" if path else f"Payload {fault}"


def joined(faults: list[str]) -> str:
    """All faults as one text, in their order; past FAULTS_MAX only how many there are."""
    if len(faults) <= FAULTS_MAX:
        return "; ".join(faults)
    return "; ".join([*faults[:FAULTS_MAX], f"and {len(faults) - FAULTS_MAX} more"])
