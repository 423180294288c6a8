"""Pictures of assets: what can be read in them, and how large they are."""

import struct
import zlib

import pytest
from barcode.codex import Code128

from largesse.wire.assets import AssetTokens
from largesse.wire.images import render_image

ID = AssetTokens(b"test").token("qr", 7, "v_" + "a" * 32)


def pixels(png: bytes) -> list[str]:
    """Rows of a one-bit greyscale PNG as text, black is 1."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height, depth, colour = struct.unpack(">IIBB", png[16:26])
    assert (depth, colour) == (1, 0)
    at, data = 8, b""
    while at < len(png):
        [length] = struct.unpack(">I", png[at : at + 4])
        if png[at + 4 : at + 8] == b"IDAT":
            data += png[at + 8 : at + 8 + length]
        at += 12 + length
    raw, line = zlib.decompress(data), 1 + -(-width // 8)
    rows = [bytes(line - 1)]
    for filter_, *row in (raw[n * line : (n + 1) * line] for n in range(height)):
        assert filter_ in {0, 2}  # as it is, or differences to the row above
        above = rows[-1] if filter_ == 2 else bytes(line - 1)
        rows.append(bytes((a + b) % 256 for a, b in zip(row, above, strict=True)))
    return ["".join(f"{255 - byte:08b}" for byte in row)[:width] for row in rows[1:]]


@pytest.mark.parametrize("size", [1, 20, 21, 100])
def test_a_barcode_encodes_the_id(size: int) -> None:
    rows = pixels(render_image("barcode", ID, size, "png"))
    scale = -(-size // 20)
    modules = Code128(ID).build()[0]
    assert rows[len(rows) // 2][::scale].strip("0") == modules.strip("0")
    assert rows[len(rows) // 2].startswith("0" * 10 * scale)


@pytest.mark.parametrize("size", [1, 10, 100])
def test_a_qr_code_has_size_pixels_a_module(size: int) -> None:
    rows = pixels(render_image("qr", ID, size, "png"))
    assert len(rows) == len(rows[0]) == 45 * size
    finder = rows[4 * size][4 * size : 12 * size : size]
    assert finder == "11111110"


@pytest.mark.parametrize("kind", ["qr", "barcode"])
def test_an_svg_is_white_behind_and_grows_with_its_size(kind) -> None:
    small, large = (render_image(kind, ID, size, "svg").decode() for size in (1, 100))
    assert "<svg" in small
    assert "#fff" in small
    assert small != large


def test_other_ids_look_different() -> None:
    other = AssetTokens(b"test").token("qr", 7, "v_" + "b" * 32)
    assert render_image("qr", ID, 1, "png") != render_image("qr", other, 1, "png")
