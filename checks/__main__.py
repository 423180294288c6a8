"""`python -m checks [root]`: all house rules; prints file:line and exits 1 when one is broken."""

import sys
from pathlib import Path

from checks.house import findings


def main() -> int:
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent.parent
    found = findings(root)
    sys.stdout.writelines(f"{finding}\n" for finding in found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
