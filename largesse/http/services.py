"""What the routes use, made once by the composition root."""

from dataclasses import dataclass, field
from typing import Final, Protocol

from largesse import __version__
from largesse.actions.ids import IdSource
from largesse.auth.keys import KeyCache
from largesse.auth.rates import RateLimits
from largesse.auth.shares import Shares
from largesse.domain.errors import NotBuilt
from largesse.domain.projects import Project
from largesse.domain.publications import Publication, PublicationRequest
from largesse.http.large_bodies import LargeBodies
from largesse.http.metrics import Metrics
from largesse.http.readiness import Readiness
from largesse.store.connection import Pool
from largesse.store.vault import Vault
from largesse.wire.assets import AssetTokens, AssetUrls

BODY_BYTES_MAX: Final = 10_485_760
BODY_LIMIT_S: Final = 60.0
"""How long a body may take to arrive: 10 MB over 1.4 Mbit/s."""


class Publisher(Protocol):
    """The batched publish statement's queue."""

    async def publish(self, project: Project, request: PublicationRequest) -> Publication: ...


class NoPublisher:
    """For a server that serves everything but publications."""

    async def publish(self, project: Project, request: PublicationRequest) -> Publication:
        raise NotBuilt(f"This server of {project.public_id} does not publish ({request.id})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    pool: Pool
    keys: KeyCache
    ids: IdSource
    asset_tokens: AssetTokens
    vault: Vault
    publisher: Publisher = field(default_factory=NoPublisher)
    rates: RateLimits = field(default_factory=RateLimits)
    shares: Shares = field(default_factory=Shares)
    metrics: Metrics = field(default_factory=Metrics)
    large_bodies: LargeBodies = field(default_factory=LargeBodies)
    readiness: Readiness | None = None  # without it `pool` is looked at
    lookups: "Pool | None" = None  # for what must never wait behind a list: keys, sessions; without it it is `pool`
    body_bytes_max: int = BODY_BYTES_MAX
    body_limit_s: float = BODY_LIMIT_S
    metrics_token: str | None = None  # without it /metrics answers to loopback only
    public_url: str = "http://127.0.0.1:8000"
    allow_private_targets: bool = False
    sends_mail: bool = False  # whether there is a mail server to send by
    version: str = __version__

    @property
    def lookup_pool(self) -> Pool:
        return self.lookups or self.pool

    def assets(self, project_id: int) -> AssetUrls:
        """The addresses of the QR codes and barcodes of a project's vouchers."""
        return self.asset_tokens.urls(self.public_url, project_id)
