"""The style and the scripts: kept by browsers for ever, under an address that changes with any of them."""

import hashlib
from importlib.resources import files
from types import MappingProxyType
from typing import Final

from starlette.responses import Response

from largesse.domain.errors import NotFound

_TYPES: Final = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}


def _load() -> dict[str, bytes]:
    folder = files(__package__) / "static"
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.name.rpartition(".")[2] in _TYPES}


_FILES: Final = MappingProxyType(_load())
# One name for all of them: a module finds its neighbours beside itself.
VERSION: Final = hashlib.sha256(b"".join(_FILES[name] for name in sorted(_FILES))).hexdigest()[:16]


def asset_url(name: str) -> str:
    assert name in _FILES, name
    return f"/app/static/{VERSION}/{name}"


def serve_asset(name: str) -> Response:
    """Raises NotFound."""
    if name not in _FILES:
        raise NotFound.of("file", name)
    headers = {"cache-control": "public, max-age=31536000, immutable"}
    return Response(_FILES[name], media_type=_TYPES[name.rpartition(".")[2]], headers=headers)
