"""What the routes use, made once by the composition root."""

import secrets
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from largesse import __version__
from largesse.actions.ids import IdSource
from largesse.auth.keys import KeyCache
from largesse.auth.rates import RateLimits
from largesse.http.metrics import Metrics
from largesse.store.connection import Pool
from largesse.wire.assets import AssetTokens

BODY_BYTES_MAX: Final = 10_485_760


class Publisher(Protocol):
    """The batched publish statement's queue."""

    async def publish(self, request: Any) -> Any: ...


class NoPublisher:
    """For a server that serves everything but publications."""

    async def publish(self, request: Any) -> Any:
        raise NotImplementedError(request)


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    pool: Pool
    keys: KeyCache
    ids: IdSource
    publisher: Publisher = field(default_factory=NoPublisher)
    rates: RateLimits = field(default_factory=RateLimits)
    metrics: Metrics = field(default_factory=Metrics)
    # The installation's secret key belongs here; this one makes ids of images that nobody else can read, this server
    # after a restart included.
    assets: AssetTokens = field(default_factory=lambda: AssetTokens(secrets.token_bytes(32)))
    body_bytes_max: int = BODY_BYTES_MAX
    metrics_token: str | None = None  # without it /metrics answers to loopback only
    public_url: str = "http://127.0.0.1:8000"
    version: str = __version__
