"""/v1/assets: pictures of vouchers, open to all who have the address (docs/semantics/voucher.md)."""

import asyncio
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from largesse.domain.errors import InvalidQueryParams, NotFound
from largesse.http.requests import path_parameter, read_query, services
from largesse.http.routing import Route
from largesse.wire.assets import Kind
from largesse.wire.images import MEDIA_TYPES, SIZE_DEFAULT, SIZE_MAX, render_image

# An id means the same voucher for ever, and is drawn the same way.
_HEADERS: Final = {
    "cache-control": "public, max-age=31536000, immutable",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
    "x-content-type-options": "nosniff",
}
_QUERY: Final[dict[str, dict[str, Any]]] = {
    "size": {"type": "integer", "minimum": 1, "maximum": SIZE_MAX, "default": SIZE_DEFAULT},
    "format": {"type": "string", "enum": list(MEDIA_TYPES), "default": "png"},
}


async def qr(request: Request) -> Response:
    """The QR code of a voucher, as a picture"""
    return await _draw(request, "qr")


async def barcode(request: Request) -> Response:
    """The barcode (Code 128) of a voucher, as a picture"""
    return await _draw(request, "barcode")


async def _draw(request: Request, kind: Kind) -> Response:
    query = read_query(request)
    size = query.integer("size", minimum=1, maximum=SIZE_MAX, default=SIZE_DEFAULT)
    format_ = query.choice("format", MEDIA_TYPES) or "png"
    query.check()
    id_ = path_parameter(request, "asset_id")
    services(request).asset_tokens.read(kind, id_)
    image = await asyncio.to_thread(render_image, kind, id_, size, format_)
    return Response(image, media_type=MEDIA_TYPES[format_], headers=_HEADERS)


ROUTES = [
    Route("/v1/assets/qr/{asset_id}", qr, methods=["GET"], query=_QUERY, errors=[InvalidQueryParams, NotFound]),
    Route(
        "/v1/assets/barcode/{asset_id}", barcode, methods=["GET"], query=_QUERY, errors=[InvalidQueryParams, NotFound]
    ),
]
