"""`largesse demo`: the two publications of the tutorial, made through HTTP and shown to a newcomer."""

import json
import shlex
import sys
import time
from typing import Annotated, Any, Final
from urllib.parse import quote

import msgspec
import typer

from largesse.cli.caller import Caller
from largesse.cli.errors import CommandFailed
from largesse.cli.host import Host, Newcomer
from largesse.cli.options import Data, Json
from largesse.cli.output import print_json

CAMPAIGN: Final = "100k-test"
CODES_COUNT: Final = 1_000
READERS: Final = ("Ada Lovelace", "Grace Hopper", "Alan Turing", "Edsger Dijkstra", "Barbara Liskov")
SEGMENT: Final = "Newsletter readers"
PATIENCE_S: Final = 60.0


class Shown(msgspec.Struct, frozen=True):
    """What the demo made; `spare_code` is for the reader to publish."""

    specific: dict[str, Any]
    dynamic: dict[str, Any]
    spare_code: str


def add_demo(app: typer.Typer, host: Host) -> None:
    @app.command()
    def demo(
        *,
        once: Annotated[bool, typer.Option("--once", help="Make and check the two publications, then exit.")] = False,
        port: Annotated[int | None, typer.Option(help="Port; 0 takes a free one. [8000]")] = None,
        data: Data = None,
        as_json: Json = False,
    ) -> None:
        """Serve a demo project: make the two publications of the tutorial, show them, keep serving."""

        def show(newcomer: Newcomer) -> None:
            shown = make_publications(newcomer)
            print_json(shown) if as_json else _print(newcomer, shown, once=once)

        host.demo(show, once=once, port=port, data=data)


def make_publications(newcomer: Newcomer) -> Shown:
    """Publish a named voucher and two codes of a campaign; find both again in the list. Raises CommandFailed."""
    call = Caller(newcomer.base_url, {"X-App-Id": newcomer.app_id, "X-App-Token": newcomer.token})
    _wait_until_ready(call)
    _ensure_campaign(call)
    customer = call("POST", "/v1/customers", {"source_id": "12344", "name": "Richard Hendricks"})
    specific = call(
        "POST",
        "/v1/publications",
        {"voucher": _new_voucher(call), "customer": customer["id"], "channel": "newsletter_October"},
    )
    dynamic = call(
        "POST",
        "/v1/publications",
        {
            "campaign": {"name": CAMPAIGN, "count": 2},
            "customer": {"email": "erlich@bachmanity.com", "name": "Erlich Bachman"},
            "metadata": {"test": True, "provider": "Shop Admin"},
        },
    )
    _ensure_audience(call)
    listed = {item["id"] for item in call("GET", "/v1/publications?limit=100")["publications"]}
    if not {specific["id"], dynamic["id"]} <= listed:
        raise CommandFailed("The two publications were made, but the list doesn't show them.")
    return Shown(specific, dynamic, _new_voucher(call))


def _ensure_audience(call: Caller) -> None:
    """A few more customers, and a segment of them: somebody to send a distribution to."""
    for number, name in enumerate(READERS, start=1):
        email = f"{name.partition(' ')[0].lower()}@example.com"
        call("POST", "/v1/customers", {"source_id": f"reader-{number}", "name": name, "email": email})
    segments = call("GET", "/v1/segments")["data"]
    if not any(segment["name"] == SEGMENT for segment in segments):
        wanted = {"email": {"conditions": {"$ends_with": ["@example.com"]}}}
        call("POST", "/v1/segments", {"name": SEGMENT, "type": "auto-update", "filter": wanted})


def _wait_until_ready(call: Caller) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            call("GET", "/readyz")
        except (OSError, CommandFailed) as error:
            if time.monotonic() > deadline:
                raise CommandFailed(f"The server didn't become ready: {error}") from error
            time.sleep(0.05)
        else:
            return


def _ensure_campaign(call: Caller) -> None:
    """The campaign of an earlier demo is taken as it is."""
    call(
        "POST",
        "/v1/campaigns",
        {
            "name": CAMPAIGN,
            "campaign_type": "DISCOUNT_COUPONS",
            "type": "AUTO_UPDATE",
            "vouchers_count": CODES_COUNT,
            "voucher": {
                "type": "DISCOUNT_VOUCHER",
                "discount": {"type": "PERCENT", "percent_off": 10.0},
                "redemption": {"quantity": 1},
            },
        },
        expected=409,
    )
    deadline = time.monotonic() + PATIENCE_S
    while call("GET", f"/v1/campaigns/{quote(CAMPAIGN)}")["vouchers_generation_status"] != "DONE":
        if time.monotonic() > deadline:
            raise CommandFailed(f"The codes of the campaign {CAMPAIGN} were not made within {PATIENCE_S:.0f} s.")
        time.sleep(0.05)


def _new_voucher(call: Caller) -> str:
    made = call(
        "POST",
        "/v1/vouchers",
        {
            "type": "DISCOUNT_VOUCHER",
            "discount": {"type": "PERCENT", "percent_off": 10.0},
            "redemption": {"quantity": 1},
        },
    )
    return str(made["code"])


def _print(newcomer: Newcomer, shown: Shown, *, once: bool) -> None:
    out = [
        "A specific voucher, published to a specific customer:",
        json.dumps(shown.specific, indent=2, ensure_ascii=False),
        "",
        f"Two random codes of the campaign {CAMPAIGN}, published to a new customer:",
        json.dumps(shown.dynamic, indent=2, ensure_ascii=False),
        "",
        f"Both are in the list; the data is in {newcomer.data}",
    ]
    if not once:
        out += ["", *_next_steps(newcomer, shown)]
    sys.stdout.write("\n".join(out) + "\n")
    sys.stdout.flush()


def _next_steps(newcomer: Newcomer, shown: Shown) -> list[str]:
    publish = {"campaign": {"name": CAMPAIGN}, "customer": {"source_id": "you@example.com"}}
    named = {"voucher": shown.spare_code, "customer": {"source_id": "you@example.com"}, "channel": "newsletter_October"}
    return [
        f"The dashboard: {newcomer.base_url}/app/",
        "",
        f"  E-mail:   {newcomer.email or 'an account of yours (`largesse users list`)'}",
        f"  Password: {newcomer.password or 'as you chose it'}",
        "",
        f"The API: {newcomer.base_url} (operations: {newcomer.base_url}/docs)",
        "",
        f"  X-App-Id:    {newcomer.app_id}",
        f"  X-App-Token: {newcomer.token}",
        "",
        "Paste one of these into another terminal:",
        "",
        "# publish a random code of the campaign",
        _curl(newcomer, "/v1/publications", publish),
        "# publish the code " + shown.spare_code,
        _curl(newcomer, "/v1/publications", named),
        "# who got which code, newest first",
        _curl(newcomer, "/v1/publications?limit=5"),
        "",
        "Ctrl-C stops the server; the data stays, and the next start goes on with it.",
    ]


def _curl(newcomer: Newcomer, path: str, body: dict[str, Any] | None = None) -> str:
    parts = ["curl", "-sS"]
    parts += ["-H", f"X-App-Id: {newcomer.app_id}", "-H", f"X-App-Token: {newcomer.token}"]
    if body is not None:
        parts += ["-H", "Content-Type: application/json", "-d", json.dumps(body)]
    return shlex.join([*parts, newcomer.base_url + path])
