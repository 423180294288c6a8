"""For whoever runs the server: is the process alive, can it work, what does it count."""

import hmac
from ipaddress import ip_address

from starlette.requests import Request
from starlette.responses import Response

from largesse.domain.errors import Forbidden
from largesse.http.readiness import Readiness
from largesse.http.requests import exchange, respond, services
from largesse.http.routing import Route


async def healthz(_request: Request) -> Response:
    """The process answers."""
    return respond({"status": "ok"})


async def readyz(request: Request) -> Response:
    """The database has this program's schema, no newer one, and can be written to."""
    known = services(request)
    await (known.readiness or Readiness(known.pool)).check()
    return respond({"status": "ready", "version": known.version})


async def metrics(request: Request) -> Response:
    """Prometheus text. From this machine, or with `Authorization: Bearer <metrics token>`."""
    token = services(request).metrics_token
    sent = exchange(request).header(b"authorization").removeprefix("Bearer ")
    if not _is_local(request) and not (token and hmac.compare_digest(sent.encode(), token.encode())):
        raise Forbidden("Metrics are for this machine, or for the holder of the metrics token")
    return Response(services(request).metrics.render(), media_type="text/plain; version=0.0.4")


def _is_local(request: Request) -> bool:
    """Not through a proxy: there every request comes from this machine."""
    if request.client is None or "x-forwarded-for" in request.headers or "forwarded" in request.headers:
        return False
    try:
        return ip_address(request.client.host).is_loopback
    except ValueError:
        return False


ROUTES: list[Route] = [
    Route("/healthz", healthz, methods=["GET"]),
    Route("/readyz", readyz, methods=["GET"]),
    Route("/metrics", metrics, methods=["GET"]),
]
