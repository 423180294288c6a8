"""One POST to somebody else's server, and what came of it.

aiohttp: its resolver can be ours, so the address that was judged is the one connected to while Host and TLS keep the
name; it is the client with the busiest maintenance of those that can; and its parser is written in C.
"""

import asyncio
import email.utils
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import SimpleNamespace
from typing import Any, Final, Self

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from largesse import __version__
from largesse.delivery.targets import Resolver, TargetRefused
from largesse.domain.targets import is_public
from largesse.store.vault import Vault

LIMIT_S: Final = 10.0
"""From the name server's first question to the status line (docs/semantics/webhook.md)."""
BODY_BYTES_MAX: Final = 1_024
"""Of an answer, for people to read; the rest isn't fetched."""
CONNECTIONS_MAX: Final = 256
IDLE_S: Final = 3.0
"""Shorter than servers usually keep an idle connection: one that is closed under a request leaves its outcome open."""
REASON_CHARACTERS_MAX: Final = 300


class Result(StrEnum):
    ACCEPTED = "accepted"  # 2xx
    REFUSED = "refused"  # any other status: redirects too, which aren't followed
    UNREACHED = "unreached"  # no connection: surely not received
    UNKNOWN = "unknown"  # sent, or perhaps sent, and no answer


@dataclass(frozen=True)
class Outcome:
    """`status` and `body` (its beginning, as text) when there was an answer, `reason` when there wasn't."""

    result: Result
    status: int | None = None
    retry_after_s: float | None = None
    body: str = ""
    reason: str | None = None
    elapsed_ms: int = 0


class _Pinned(AbstractResolver):
    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver

    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[ResolveResult]:  # noqa: ARG002
        return [
            ResolveResult(hostname=host, host=found.host, port=found.port, family=found.family, proto=0, flags=0)
            for found in await self._resolver.resolve(host, port)
        ]

    async def close(self) -> None:
        self._resolver.close()


class Poster:
    """An async context manager: it owns connections, which are kept for a moment and used again."""

    def __init__(self, *, allow_private: bool, vault: Vault, limit_s: float = LIMIT_S) -> None:
        self._vault = vault
        self._allow_private = allow_private
        self._limit_s = limit_s

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(
            resolver=_Pinned(Resolver(self._allow_private)),
            use_dns_cache=False,
            limit=CONNECTIONS_MAX,
            keepalive_timeout=IDLE_S,
        )
        trace = aiohttp.TraceConfig()
        trace.on_connection_create_end.append(_connected)
        trace.on_connection_reuseconn.append(_connected)
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None),
            headers={"User-Agent": f"Largesse/{__version__}", "Accept": "*/*"},
            skip_auto_headers=("Accept-Encoding",),
            auto_decompress=False,
            trust_env=False,
            trace_configs=[trace],
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Outcome:
        """Send the bytes as they are; headers may be sealed. Never raises for what the other side does."""
        begun = time.monotonic()
        seen = SimpleNamespace(connected=False)
        try:
            outcome = await self._post(url, body, headers, seen)
        except (TargetRefused, aiohttp.ClientConnectorError, aiohttp.InvalidURL) as error:
            outcome = Outcome(Result.UNREACHED, reason=_words(error))
        except TimeoutError:
            reason = f"No answer within {self._limit_s:g} seconds."
            outcome = Outcome(Result.UNKNOWN if seen.connected else Result.UNREACHED, reason=reason)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            outcome = Outcome(Result.UNKNOWN if seen.connected else Result.UNREACHED, reason=_words(error))
        return replace(outcome, elapsed_ms=round((time.monotonic() - begun) * 1000))

    async def _post(self, url: str, body: bytes, headers: Mapping[str, str], seen: SimpleNamespace) -> Outcome:
        target = URL(url, encoded=True)
        # The connector takes numbers for resolved already: it wouldn't ask us.
        host = target.raw_host or ""
        if not self._allow_private and _is_number(host) and not is_public(host):
            raise TargetRefused(f"{host} is not a public address.")
        async with asyncio.timeout(self._limit_s) as limit:
            async with self._session.post(
                target, data=body, headers=self._vault.open_all(headers), allow_redirects=False, trace_request_ctx=seen
            ) as answer:
                accepted = 200 <= answer.status < 300  # noqa: PLR2004
                return Outcome(
                    Result.ACCEPTED if accepted else Result.REFUSED,
                    status=answer.status,
                    retry_after_s=retry_after(answer.headers.get("Retry-After"), time.time()),
                    body=await _beginning(answer, limit.when()),
                )


async def _connected(_session: Any, context: SimpleNamespace, _parameters: Any) -> None:
    context.trace_request_ctx.connected = True


async def _beginning(answer: aiohttp.ClientResponse, until: float | None) -> str:
    """As much of the body as comes while there is time: the status has said all that counts."""
    found = b""
    try:
        async with asyncio.timeout_at(None if until is None else until - 0.05):
            while len(found) < BODY_BYTES_MAX and (piece := await answer.content.read(BODY_BYTES_MAX - len(found))):
                found += piece
    except (TimeoutError, aiohttp.ClientError, OSError):
        pass
    return found.decode(errors="replace").replace("\x00", "�")


def retry_after(value: str | None, now: float) -> float | None:
    """Seconds from `now` on (Unix time): the header is a number or a date. None without one, or for nonsense."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value[:12])
    try:
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - now)
    except (ValueError, OverflowError):
        return None


def _is_number(host: str) -> bool:
    last = host.rstrip(".").rpartition(".")[2]
    return ":" in host or last.isdecimal() or last.lower().startswith("0x")


def _words(error: BaseException) -> str:
    return (str(error) or type(error).__name__)[:REASON_CHARACTERS_MAX]
