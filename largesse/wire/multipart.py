"""Bodies of type multipart/form-data, as forms with a file send them (RFC 7578)."""

import re
from typing import Final

BOUNDARY_LENGTH_MAX: Final = 70
PARTS_MAX: Final = 20
_BOUNDARY: Final = re.compile(r'boundary=(?:"([^"]+)"|([^\s;]+))', re.IGNORECASE)
_NAME: Final = re.compile(rb'[;\s]name="((?:[^"\\\r\n]|\\.)*)"', re.IGNORECASE)


def parse_multipart(body: bytes, content_type: str) -> dict[str, bytes]:
    """Each part's content by its name; of a name that comes twice the first. What isn't multipart has no parts."""
    match = _BOUNDARY.search(content_type)
    boundary = (match[1] or match[2]) if match else ""
    if not 1 <= len(boundary) <= BOUNDARY_LENGTH_MAX:
        return {}
    parts: dict[str, bytes] = {}
    pieces = (b"\r\n" + body).split(b"\r\n--" + boundary.encode("latin-1"), PARTS_MAX + 1)
    for piece in pieces[1:]:
        if piece.startswith(b"--"):  # the end; what follows isn't looked at
            break
        head, blank, content = piece.partition(b"\r\n\r\n")
        name = _NAME.search(head.partition(b"content-disposition:")[2] or head)
        if blank and name is not None:
            parts.setdefault(name[1].decode("utf-8", "replace"), content)
    return parts
