from typing import Any

import pytest

from largesse.domain.errors import InvalidPayload
from largesse.domain.redeemables import Redeemable
from largesse.domain.vouchers import Voucher
from largesse.wire.parse import convert
from largesse.wire.referrals import HoldersInput, render_holder
from tests.domain.moments import NOON


@pytest.mark.parametrize(
    "holder", [{"id": "cust_1"}, {"source_id": "x"}, {"id": "cust_1", "source_id": "x", "name": "A"}]
)
def test_a_referee_is_named_by_id_or_source_id(holder: dict[str, Any]) -> None:
    convert({"holders": [holder]}, HoldersInput).check()


def test_all_who_are_not_named_are_told_by_their_places() -> None:
    sent = convert({"holders": [{"name": "A"}, {"id": "cust_1"}, {}]}, HoldersInput)
    with pytest.raises(InvalidPayload) as raised:
        sent.check()
    told = [f"Property .holders[{place}] must have an 'id' or a 'source_id'" for place in (0, 2)]
    assert str(raised.value).split("; ") == told


@pytest.mark.parametrize("count", [0, 101])
def test_there_is_a_number_of_referees_in_one_request(count: int) -> None:
    with pytest.raises(InvalidPayload, match="holders"):
        convert({"holders": [{"id": "cust_1"}] * count}, HoldersInput)


@pytest.mark.parametrize(("is_referee", "role"), [(True, "REFEREE"), (False, "REFERRER")])
def test_a_holder_is_shown_in_its_role_with_the_type_of_its_campaign(is_referee: bool, role: str) -> None:
    voucher = Voucher(
        id="v_1", code="A", type="GIFT_VOUCHER", is_referral_code=True, campaign_id="camp_1", created_at=NOON
    )
    shown = render_holder(
        Redeemable(
            id="rh_1", created_at=NOON, customer_id="cust_1", campaign_type="T", is_referee=is_referee,
            metadata={"a": 1}, voucher=voucher, seen_at=NOON,
        )
    )  # fmt: skip
    assert (shown["holder_role"], shown["campaign_type"], shown["metadata"]) == (role, "T", {"a": 1})
