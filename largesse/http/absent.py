"""The operations that clients know, served or not: what isn't built says so (501) instead of pretending (404)."""

from importlib.resources import files


def contract_operations() -> list[tuple[str, str]]:
    """Method and path template of each operation of the contract."""
    lines = (line.split() for line in _lines("contract_operations.txt"))
    return [(method, path) for method, path in lines]


def older_operations() -> list[tuple[str, str, str]]:
    """Of those beside the contract that clients still send and no route serves: method, path, and what is said."""
    halves = (line.partition(" | ") for line in _lines("older_operations.txt"))
    return [(*operation.split(), said) for operation, _, said in halves]  # type: ignore[misc]  # two words


def _lines(name: str) -> list[str]:
    text = (files(__package__) / name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]
