"""QR codes and barcodes of assets: what they encode is the asset's opaque id."""

from functools import lru_cache
from io import BytesIO
from typing import Final

import segno
from barcode.codex import Code128
from segno import writers

from largesse.wire.assets import Kind

SIZE_DEFAULT: Final = 10
SIZE_MAX: Final = 100
MEDIA_TYPES: Final = {"png": "image/png", "svg": "image/svg+xml"}

_QUIET: Final = 10  # modules of white at both ends of a barcode, as Code 128 asks for
_BAR_HEIGHT: Final = 100  # modules
_BARCODE_STEP: Final = 20  # a barcode is some 20 times as wide as a QR code: it grows by a pixel every 20 sizes


@lru_cache(maxsize=256)
def render_image(kind: Kind, id: str, size: int, format: str) -> bytes:
    """PNG or SVG. `size` is the width of a QR code's module in pixels; up to 50 ms of work at SIZE_MAX."""
    return _qr(id, size, format) if kind == "qr" else _barcode(id, -(-size // _BARCODE_STEP), format)


def _qr(id: str, scale: int, format: str) -> bytes:
    out = BytesIO()
    segno.make_qr(id, error="m").save(out, kind=format, scale=scale, light="#fff")
    return out.getvalue()


def _barcode(id: str, scale: int, format: str) -> bytes:
    modules: str = Code128(id).build()[0]  # 1 is black
    if format == "svg":
        return _barcode_svg(modules, scale)
    row = bytearray(map(int, modules))
    out = BytesIO()
    # segno writes any matrix of black and white; it spares us an imaging library.
    save = writers.save  # type: ignore[attr-defined]  # its stub leaves it out
    save((row,) * _BAR_HEIGHT, (len(row), _BAR_HEIGHT), out, kind="png", scale=scale, border=_QUIET)
    return out.getvalue()


def _barcode_svg(modules: str, scale: int) -> bytes:
    width, height = len(modules) + 2 * _QUIET, _BAR_HEIGHT + 2 * _QUIET
    bars = "".join(f"M{x} {_QUIET}h1v{_BAR_HEIGHT}h-1z" for x, module in enumerate(modules, _QUIET) if module == "1")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width * scale}" height="{height * scale}" '
        f'viewBox="0 0 {width} {height}" shape-rendering="crispEdges">'
        f'<path fill="#fff" d="M0 0h{width}v{height}h-{width}z"/><path d="{bars}"/></svg>\n'
    ).encode()
