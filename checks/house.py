"""All checks together, and the exceptions to them."""

from pathlib import Path
from typing import Final

from checks import domain, immutable, pointers, project_filter, sizes, sql_outside_store, transactions
from checks.findings import Finding

CHECKS: Final = (sql_outside_store, project_filter, immutable, domain, transactions, sizes, pointers)
EXCEPTIONS: Final = "checks/exceptions.txt"


def findings(root: Path) -> list[Finding]:
    """What is wrong under `root`, in order, without what is excepted."""
    found = sorted({finding for check in CHECKS for finding in check.check(root)})
    path = root / EXCEPTIONS
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    return apply_exceptions(found, text)


def apply_exceptions(found: list[Finding], text: str) -> list[Finding]:
    """A line of exceptions reads `check path beginning of the text -- reason`."""
    kept = list(found)
    for number, line in enumerate(text.splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        rule, _, reason = line.partition(" -- ")
        check, path, beginning = [*rule.split(maxsplit=2), "", "", ""][:3]
        matching = [each for each in found if each.check == check and each.path == path]
        excepted = [each for each in matching if beginning and each.text.startswith(beginning)]
        if not reason.strip() or not excepted:
            problem = "gives no reason" if excepted else "excepts nothing"
            kept.append(Finding(EXCEPTIONS, number, "exceptions", f"{problem}: {line}"))
        kept = [each for each in kept if each not in excepted]
    return kept
