"""The operations of the contract, served or not: what isn't built says so (501) instead of pretending (404)."""

from importlib.resources import files


def contract_operations() -> list[tuple[str, str]]:
    """Method and path template of each."""
    text = (files(__package__) / "contract_operations.txt").read_text(encoding="utf-8")
    lines = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    return [(method, path) for method, path in lines]
