"""Which webhooks an event is delivered to."""

from datetime import timedelta
from typing import Any, cast

import msgspec
import pytest

from largesse.actions.deliveries import _deliveries
from largesse.actions.ids import IdSource
from largesse.actions.scope import Scope
from largesse.domain.projects import Project
from largesse.domain.webhooks import Webhook
from largesse.store.events import Cursor, Event
from tests.domain.moments import NOON, TICK

SCOPE = Scope(
    connection=cast("Any", None),  # nothing is asked of it
    project=Project(id=1, public_id="proj_1", name="p"),
    ids=IdSource(),
    request_id="v-1",
    actor="test",
)
EVENT = Event(Cursor(1, 2), "ev_1", "customer.custom_event", "cust_1", {"event": {"type": "x"}}, "v-1", "app", NOON)


def webhook(id: str, *events: str, created_at: Any = NOON) -> Webhook:
    return Webhook(id=id, target_url="https://shop.example/", events=list(events), created_at=created_at)


def receivers(*webhooks: Webhook, event: Event = EVENT) -> list[tuple[str, str]]:
    made = list(_deliveries(SCOPE, event, list(webhooks), NOON + timedelta(seconds=1)))
    return [(one.webhook_id, one.type) for one in made]


def test_only_those_who_want_an_event_are_told() -> None:
    wanting, other = webhook("wh_1", "customer.custom_event"), webhook("wh_2", "voucher.created")
    assert receivers(wanting, other) == [("wh_1", "customer.custom_event")]
    assert receivers() == []


@pytest.mark.parametrize(("created_at", "told"), [(NOON - TICK, True), (NOON, True), (NOON + TICK, False)])
def test_what_happened_before_a_webhook_was_made_is_not_told_it(created_at: Any, told: bool) -> None:
    assert bool(receivers(webhook("wh_1", "customer.custom_event", created_at=created_at))) is told


def test_each_delivery_has_an_id_of_its_own_which_its_body_says() -> None:
    two = [webhook(id, "customer.custom_event") for id in ("wh_1", "wh_2")]
    made = list(_deliveries(SCOPE, EVENT, two, NOON))
    bodies = [msgspec.json.decode(one.body) for one in made]
    assert [body["id"] for body in bodies] == [one.id for one in made]
    assert len({one.id for one in made}) == 2
    assert [body["source"]["id"] for body in bodies] == ["wh_1", "wh_2"]
    assert {body["event"]["id"] for body in bodies} == {"ev_1"}
