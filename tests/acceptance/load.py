"""Clients that publish through HTTP while things are killed around them, and remember every answer they got.

Three kinds of request in turn: a plain one for a customer of its own, asked once; one with a source_id, and one with
join_once, both asked again until they are answered, as a careful caller does. Some answered source_ids are asked
again, too.
"""

import contextlib
import http.client
import itertools
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from largesse.store import audit
from largesse.store.connection import set_codecs
from tests.acceptance.server import Server

CONNECTIONS = 16
TIMEOUT_S = 15
REFUSED_PAUSE_S = 0.05
LINKS = """
    SELECT p.id, l.code, c.source_id AS customer, p.source_id
    FROM publications p
    JOIN publication_vouchers l ON l.project_id = p.project_id AND l.publication_id = p.id
    JOIN customers c ON c.project_id = p.project_id AND c.id = p.customer_id
    WHERE p.result = 'SUCCESS' AND p.campaign_id = $1
"""


@dataclass(frozen=True)
class Kept:
    """A publication as a caller knows it."""

    id: str
    code: str
    customer: str
    source_id: str | None


@dataclass
class Ledger:
    acknowledged: list[Kept] = field(default_factory=list)
    unanswered: int = 0  # the connection was refused or lost
    unavailable: int = 0  # 503
    repeated_after_loss: int = 0  # answered when asked again, the first time nobody knows
    faults: list[str] = field(default_factory=list)
    slowest_s: float = 0.0


class Client(threading.Thread):
    """One connection."""

    def __init__(self, number: int, server: Server, campaign: str, stop: threading.Event, ledger: Ledger) -> None:
        super().__init__(daemon=True)
        self._name = f"{campaign}-{number}"  # the project has other campaigns, and source ids are its own
        self._address = ("127.0.0.1", server.port)
        self._headers = {**server.key(), "Content-Type": "application/json"}
        self._campaign = campaign
        self._stopped = stop
        self._ledger = ledger
        self._connection: http.client.HTTPConnection | None = None
        self._last_source_id = ""

    def run(self) -> None:
        try:
            self._play()
        finally:
            self._hang_up()

    def _play(self) -> None:
        for turn in itertools.count():
            if self._stopped.is_set():
                return
            customer = f"{self._name}-{turn}"
            match turn % 4:
                case 0:
                    self._publish(customer)
                case 1:
                    self._last_source_id = f"source-{customer}"
                    self._publish(customer, source_id=self._last_source_id, until_answered=True)
                case 2:
                    self._publish(customer, join_once=True, until_answered=True)
                case 3:  # the customer of two turns ago, under the same source_id
                    self._publish(f"{self._name}-{turn - 2}", source_id=self._last_source_id, until_answered=True)

    def _publish(
        self, customer: str, *, source_id: str | None = None, join_once: bool = False, until_answered: bool = False
    ) -> None:
        body: dict[str, Any] = {"campaign": {"name": self._campaign, "count": 1}, "customer": {"source_id": customer}}
        if source_id:
            body["source_id"] = source_id
        path = "/v1/publications" + ("?join_once=true" if join_once else "")
        lost = False
        while True:
            answer = self._ask(path, json.dumps(body))
            if answer is not None:
                self._ledger.acknowledged.append(
                    Kept(answer["id"], answer["voucher"]["code"], answer["customer"]["source_id"], source_id)
                )
                self._ledger.repeated_after_loss += lost
                return
            lost = True
            if not until_answered or self._ledger.faults:
                return
            time.sleep(REFUSED_PAUSE_S)

    def _ask(self, path: str, body: str) -> dict[str, Any] | None:
        """The answer 200, or None when there was none, or another."""
        began = time.monotonic()
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection(*self._address, timeout=TIMEOUT_S)
            self._connection.request("POST", path, body, self._headers)
            answer = self._connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self._hang_up()
            self._ledger.unanswered += 1
            if isinstance(error, TimeoutError):
                self._ledger.faults.append(f"no answer within {TIMEOUT_S} s")
            return None
        self._ledger.slowest_s = max(self._ledger.slowest_s, time.monotonic() - began)
        if answer.status == 200:
            found: dict[str, Any] = json.loads(text)
            return found
        if answer.status == 503 and int(answer.headers.get("Retry-After", "0")) >= 1:
            self._ledger.unavailable += 1
        else:
            self._ledger.faults.append(f"{answer.status} {text[:300].decode()}")
        return None

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


@contextlib.contextmanager
def publishing(server: Server, campaign: str) -> Iterator[Ledger]:
    """Publish from the campaign until the end of the block, then wait for the last answers."""
    ledger, stop = Ledger(), threading.Event()
    clients = [Client(number, server, campaign, stop, ledger) for number in range(CONNECTIONS)]
    for client in clients:
        client.start()
    try:
        yield ledger
    finally:
        stop.set()
        for client in clients:
            client.join(3 * TIMEOUT_S)
    assert not any(client.is_alive() for client in clients), "some requests were never answered"


async def check_kept(url: str, campaign: str, ledger: Ledger) -> int:
    """Compare what the callers know with what the database knows; return how many publications it has."""
    connection = await asyncpg.connect(url)
    await set_codecs(connection)
    try:
        stored = {row["id"]: Kept(**row) for row in await connection.fetch(LINKS, campaign)}
        missing = [kept for kept in ledger.acknowledged if stored.get(kept.id) != kept]
        assert missing == [], f"{len(missing)} acknowledged publications are gone or changed"
        for name, values in (
            ("code", [one.code for one in stored.values()]),
            ("source_id", [one.source_id for one in stored.values() if one.source_id]),
        ):
            twice = [value for value, count in Counter(values).items() if count > 1]
            assert twice == [], f"published twice, by {name}"
        codes_by_source_id = {kept.source_id: kept for kept in ledger.acknowledged if kept.source_id}
        assert all(codes_by_source_id[k.source_id] == k for k in ledger.acknowledged if k.source_id)
        findings = await audit.check_guards(connection)
        for project in await connection.fetch("SELECT id, public_id FROM projects"):
            findings += [f async for f in audit.check_project(connection, project["id"], project["public_id"])]
        assert findings
        assert [finding for finding in findings if finding.rows] == []
    finally:
        await connection.close()
    return len(stored)


def describe(ledger: Ledger, stored: int, killed: str) -> str:
    return (
        f"{killed}: {len(ledger.acknowledged)} acknowledged, {stored} publications stored, {ledger.unanswered} without "
        f"answer, {ledger.unavailable} times 503, {ledger.repeated_after_loss} answered when asked again, "
        f"slowest {ledger.slowest_s:.1f} s"
    )
