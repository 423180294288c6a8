"""`largesse bench`: rehearse a drop against an installation, and get a verdict."""

import contextlib
import math
import secrets
import time
from collections.abc import Iterator
from typing import Annotated, Any, Final
from urllib.parse import SplitResult, urlsplit

import msgspec
import typer
import uvloop

from largesse.cli.caller import Caller
from largesse.cli.errors import CommandFailed
from largesse.cli.options import Json
from largesse.cli.output import print_fields, print_json
from largesse.cli.rehearsal import OK, Outcome, Plan, Rehearsal

REQUESTS_MAX: Final = 1_000_000
"""In one rehearsal: every one of them leaves a latency in memory and a publication in the database."""
RATE_MAX: Final = 100_000.0
DURATION_MAX_S: Final = 3_600.0
CONNECTIONS_MAX: Final = 4_096
PATIENCE_S: Final = 600.0
POLL_S: Final = 0.1
MISSED: Final = 1


class Scratch(msgspec.Struct, frozen=True, kw_only=True):
    """Where the rehearsal plays. `left`: what stays behind, a sentence."""

    headers: dict[str, str]
    campaign: str
    left: str


def add_bench(app: typer.Typer) -> None:
    @app.command()
    def bench(
        *,
        app_id: Annotated[str, typer.Option(envvar="LARGESSE_APP_ID", help="Server or management key.")],
        app_token: Annotated[str, typer.Option(envvar="LARGESSE_APP_TOKEN", help="Its token.")],
        rate: Annotated[float, typer.Option(min=0.1, max=RATE_MAX, help="Customers a second.")],
        duration: Annotated[float, typer.Option(min=0.1, max=DURATION_MAX_S, help="Seconds.")],
        url: Annotated[str, typer.Option(help="Where the server is.")] = "http://127.0.0.1:8000",
        connections: Annotated[int, typer.Option(min=1, max=CONNECTIONS_MAX)] = 64,
        objective_ms: Annotated[float, typer.Option(min=0.1, help="What 99 of 100 customers may wait.")] = 50,
        json: Json = False,
    ) -> None:
        """Rehearse a drop: publish at a rate for a while; exit 0 when the objective is met, 1 when it isn't.

        With a management key in a project of its own, which is removed afterwards; with a server key in a campaign of
        its own, which is deleted for good, while its publications and customers stay in the project.
        """
        place = _address(url)
        if any(math.isnan(number) for number in (rate, duration, objective_ms)):
            raise typer.BadParameter("not a number")
        requests = round(rate * duration)
        if requests > REQUESTS_MAX:
            raise typer.BadParameter(f"rate × duration is {requests:,} requests; {REQUESTS_MAX:,} is the most")
        tag = f"largesse-bench-{secrets.token_hex(4)}"
        with _reachable(url), _scratch(url.rstrip("/"), app_id, app_token, tag, max(1, requests)) as scratch:
            plan = Plan(
                url=place,
                headers=scratch.headers,
                campaign=scratch.campaign,
                tag=tag,
                rate=rate,
                duration=duration,
                connections=connections,
            )
            outcome = uvloop.run(Rehearsal(plan).run())
        reasons = outcome.reasons(objective_ms)
        shown = _shown(plan, outcome, objective_ms, reasons, scratch.left)
        print_json(shown) if json else _print(shown)
        if reasons:
            raise typer.Exit(MISSED)


def _address(url: str) -> SplitResult:
    try:
        place = urlsplit(url)
        valid = place.scheme in {"http", "https"} and place.hostname and not place.query and place.port != 0
    except ValueError:
        valid = None
    if not valid or place.username or not url.isascii() or not url.isprintable():
        raise typer.BadParameter("--url must be like http://host:8000")
    return place


@contextlib.contextmanager
def _reachable(url: str) -> Iterator[None]:
    """No answer to one of the calls around the rehearsal is an error of the operator's address or server."""
    try:
        yield
    except OSError as error:
        raise CommandFailed(f"{url} doesn't answer: {getattr(error, 'reason', error)}") from error


@contextlib.contextmanager
def _scratch(base_url: str, app_id: str, app_token: str, tag: str, codes: int) -> Iterator[Scratch]:
    """A campaign with as many codes as will be asked for. Removed whatever happens. Raises CommandFailed."""
    for text in (app_id, app_token):
        if not (text.isascii() and text.isprintable()):
            raise CommandFailed("The key has characters that no key has.")
    managing = Caller(base_url, {"X-Management-Id": app_id, "X-Management-Token": app_token})
    if managing("GET", "/management/v1/projects", expected=401) is None:
        headers = {"X-App-Id": app_id, "X-App-Token": app_token}
        left = f"The publications stay in the project, and the customers whose source_id begins with {tag}."
        with _campaign(Caller(base_url, headers), tag, codes):
            yield Scratch(headers=headers, campaign=tag, left=left)
        return
    project = managing("POST", "/management/v1/projects", {"name": tag})
    try:
        key = project["server_side_key"]
        headers = {"X-App-Id": key["app_id"], "X-App-Token": key["app_token"]}
        with _campaign(Caller(base_url, headers), tag, codes):
            yield Scratch(
                headers=headers, campaign=tag, left="Nothing: its project is closed and will be cleared away."
            )
    finally:
        _remove(managing, f"/management/v1/projects/{project['id']}")


@contextlib.contextmanager
def _campaign(call: Caller, name: str, codes: int) -> Iterator[None]:
    body = {
        "name": name,
        "type": "STATIC",
        "vouchers_count": codes,
        "voucher": {"type": "DISCOUNT_VOUCHER", "discount": {"type": "PERCENT", "percent_off": 10}},
    }
    call("POST", "/v1/campaigns", body)
    try:
        deadline = time.monotonic() + PATIENCE_S
        while (status := call("GET", f"/v1/campaigns/{name}")["vouchers_generation_status"]) != "DONE":
            if status == "FAILED" or time.monotonic() > deadline:
                raise CommandFailed(f"The {codes} codes for the rehearsal were not made: {status}.")
            time.sleep(POLL_S)
        yield
    finally:
        _remove(call, f"/v1/campaigns/{name}?force=true")


def _remove(call: Caller, path: str) -> None:
    """A server that the rehearsal broke may not do it: that mustn't hide the verdict."""
    try:
        call("DELETE", path)
    except (CommandFailed, OSError) as error:
        typer.echo(f"largesse: DELETE {path} has to be repeated, it failed: {error}", err=True)


def _shown(plan: Plan, outcome: Outcome, objective_ms: float, reasons: list[str], left: str) -> dict[str, Any]:
    return {
        "verdict": "missed" if reasons else "met",
        "reasons": reasons,
        "objective_ms": objective_ms,
        "rate": plan.rate,
        "duration_s": plan.duration,
        "connections": plan.connections,
        "requests": plan.requests,
        "answers": outcome.answers,
        "published_per_s": round(outcome.rate, 1),
        "latencies_ms": {name: round(value, 2) for name, value in outcome.latencies_ms.items()},
        "left_behind": left,
    }


def _print(shown: dict[str, Any]) -> None:
    latencies = " · ".join(f"{name} {value:.1f}" for name, value in shown["latencies_ms"].items())
    print_fields(
        {
            "asked": f"{shown['rate']:g} a second for {shown['duration_s']:g} s, {shown['connections']} connections",
            "published": f"{shown['answers'].get(OK, 0)} of {shown['requests']}, {shown['published_per_s']} a second",
            "waited": f"{latencies} ms" if latencies else "nobody was answered",
            "verdict": f"{shown['verdict']}: p99 within {shown['objective_ms']:g} ms"
            if not shown["reasons"]
            else f"missed: {'; '.join(shown['reasons'])}",
            "left behind": shown["left_behind"],
        }
    )
