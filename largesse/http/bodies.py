"""Bodies of requests: how large they may be, how slowly they may come, and where they are parsed."""

import asyncio
from collections.abc import Iterable
from typing import Final, TypeVar

from starlette.types import Receive

from largesse.domain.errors import PayloadTooLarge, RequestTimeout
from largesse.http.edge import JSON_TYPE, OPEN_KEYS, ClientGone, Exchange, check_content_type
from largesse.wire.parse import decode_judged, parse_json

OPEN_KEYS_BODY_BYTES_MAX: Final = 262_144
"""A publication with as much metadata as it and its customer may have fits in twice."""
STRANGERS_BODY_BYTES_MAX: Final = 16_384
"""Of a request without a good credential: signing in, and what is about to be refused."""
STRANGERS_BODY_LIMIT_S: Final = 10.0
PARSED_IN_LOOP_BYTES: Final = 65_536
PARSED_IN_PROCESS_BYTES: Final = 1_048_576

T = TypeVar("T")


async def read_body(exchange: Exchange, receive: Receive, allowed: Iterable[str] = (JSON_TYPE,)) -> bytes:
    """The whole body.

    Raises PayloadTooLarge as soon as that is known, UnsupportedMediaType, ClientGone; RequestTimeout for a client that
    sends byte by byte to hold the request open; Unavailable when others send too much.
    """
    limit_s = exchange.services.body_limit_s if exchange.is_known else STRANGERS_BODY_LIMIT_S
    try:
        async with asyncio.timeout(limit_s):
            return await _read_body(exchange, receive, allowed)
    except TimeoutError:
        raise RequestTimeout(f"The body has to arrive within {limit_s:g} seconds") from None


async def parse_body(exchange: Exchange, body: bytes, type_: type[T]) -> T:
    """`parse_json`, beside the event loop for a large body, and judged by a process of its own for a very large one:
    naming the faults of ten megabytes takes seconds, and everybody else would wait. Raises what that raises, and
    Unavailable.
    """
    if len(body) > PARSED_IN_PROCESS_BYTES:
        await exchange.services.large_bodies.judge(body, type_)
        return await asyncio.to_thread(decode_judged, body, type_)
    if len(body) > PARSED_IN_LOOP_BYTES:
        return await asyncio.to_thread(parse_json, body, type_)
    return parse_json(body, type_)


def _body_bytes_max(exchange: Exchange) -> int:
    """A key that lies open in pages and links is in anybody's hands, and the room for large bodies is everybody's."""
    bytes_max = exchange.services.body_bytes_max
    if not exchange.is_known:
        return min(bytes_max, STRANGERS_BODY_BYTES_MAX)
    is_open = exchange.caller is not None and exchange.caller.kind in OPEN_KEYS
    return min(bytes_max, OPEN_KEYS_BODY_BYTES_MAX) if is_open else bytes_max


async def _read_body(exchange: Exchange, receive: Receive, allowed: Iterable[str]) -> bytes:
    bytes_max = _body_bytes_max(exchange)
    announced = exchange.headers.get(b"content-length", b"")
    if announced.isdigit() and (len(announced) > len(str(bytes_max)) or int(announced) > bytes_max):
        raise PayloadTooLarge(bytes_max)
    check_content_type(exchange, allowed)
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        if size > bytes_max:  # what was announced may be missing or a lie
            raise PayloadTooLarge(bytes_max)
        if not message.get("more_body", False):
            return chunk if not chunks else b"".join([*chunks, chunk])
        exchange.services.large_bodies.hold(len(chunk))
        exchange.held_bytes += len(chunk)
        chunks.append(chunk)
