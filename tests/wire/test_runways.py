from typing import Any

import pytest

from largesse.domain.errors import InvalidPayload
from largesse.domain.runways import Runway
from largesse.wire.parse import convert
from largesse.wire.runways import RunwayAlertInput, frozen_runway, render_runway

MAIL = {"from": "shop@shop.example", "to": ["a@b.example"]}


@pytest.mark.parametrize(
    "body",
    [
        {"alert_below_days": None},
        {"alert_below_days": 1},
        {"alert_below_days": 3_650, "alert_mail": MAIL},
        {"alert_below_days": 3, "alert_mail": MAIL | {"to": ["a@b.example"] * 10}},
    ],
)
def test_a_wish_to_be_told_is_accepted(body: dict[str, Any]) -> None:
    convert(body, RunwayAlertInput).check()


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({"alert_below_days": None, "alert_mail": MAIL}, ["Property .alert_mail must be absent: it is never told"]),
        (
            {"alert_below_days": 3, "alert_mail": {"from": "x", "to": ["a@b.example", "y", "z"]}},
            [f"Property .alert_mail.{at} must be an e-mail address" for at in ("from", "to[1]", "to[2]")],
        ),
    ],
)
def test_every_address_that_is_none_is_named_by_its_place(body: dict[str, Any], faults: list[str]) -> None:
    with pytest.raises(InvalidPayload) as raised:
        convert(body, RunwayAlertInput).check()
    assert str(raised.value).split("; ") == faults


@pytest.mark.parametrize(
    "body",
    [{}, {"alert_below_days": 0}, {"alert_below_days": 3_651}, {"alert_below_days": 1.5},
     {"alert_below_days": 3, "alert_mail": MAIL | {"to": []}},
     {"alert_below_days": 3, "alert_mail": MAIL | {"to": ["a@b.example"] * 11}}],
)  # fmt: skip
def test_bounds_are_kept(body: dict[str, Any]) -> None:
    with pytest.raises(InvalidPayload):
        convert(body, RunwayAlertInput)


@pytest.mark.parametrize(("days", "shown"), [(None, None), (2.449, 2.4), (0.04, 0.0), (12.0, 12.0)])
def test_days_are_told_to_the_tenth_and_codes_to_the_hundredth(days: float | None, shown: float | None) -> None:
    rendered = render_runway("camp_1", Runway(free=7, per_day=1.005001, days=days, below_days=3))
    assert (rendered["days"], rendered["published_per_day"]) == (shown, 1.01)
    assert rendered["is_low"] is (days is not None and days < 3)


def test_a_runway_that_was_frozen_is_shown_like_one_of_now() -> None:
    runway = Runway(free=7, per_day=1.5, days=4.5, below_days=5)
    frozen = {"free": 7, "per_day": 1.5, "days": 4.5, "below_days": 5}
    assert frozen_runway("camp_1", frozen) == render_runway("camp_1", runway)
