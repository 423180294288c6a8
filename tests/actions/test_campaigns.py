from collections import Counter
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from largesse.actions.campaign_vouchers import _departed
from largesse.actions.campaigns import _switched
from largesse.actions.generation import check_can_generate
from largesse.actions.metadata_schemas import schema_of_campaign
from largesse.domain.campaigns import AUTO_UPDATE, STANDALONE, STATIC, Campaign
from largesse.domain.errors import InvalidCampaign
from largesse.domain.vouchers import State, bucket
from tests.domain.moments import NOON

TYPES = (STATIC, AUTO_UPDATE, STANDALONE)


def campaign(**changes: Any) -> Campaign:
    facts: dict[str, Any] = {
        "id": "camp_1", "name": "c", "campaign_type": "DISCOUNT_COUPONS", "type": STATIC, "voucher": {}, "created_at": NOON,
    }  # fmt: skip
    return Campaign(**facts | changes)


@pytest.mark.parametrize(("before", "after"), list(product(TYPES, TYPES)))
def test_a_pool_may_become_one_that_grows_and_back_but_a_single_code_stays_one(before: str, after: str) -> None:
    if before == after or STANDALONE not in (before, after):
        assert _switched(before, after) == after
        return
    with pytest.raises(InvalidCampaign, match=f"of type {before} cannot become {after}"):
        _switched(before, after)


def test_only_a_single_code_cannot_be_followed_by_more() -> None:
    check_can_generate(campaign(type=STATIC))
    check_can_generate(campaign(type=AUTO_UPDATE))
    with pytest.raises(InvalidCampaign, match="STANDALONE"):
        check_can_generate(campaign(type=STANDALONE))


@pytest.mark.parametrize(("uses", "schema"), [(False, "campaign"), (True, "voucher")])
def test_a_campaigns_metadata_follow_the_schema_it_chose(uses: bool, schema: str) -> None:
    assert schema_of_campaign(campaign(use_voucher_metadata_schema=uses)) == schema


REMOVED = st.lists(st.tuples(st.sampled_from([int(state) for state in State]), st.booleans(), st.integers(0, 1_000)))


@given(REMOVED)
def test_what_leaves_a_campaign_leaves_its_counters(removed: list[tuple[int, bool, int]]) -> None:
    changes = Counter(_departed(removed))
    assert changes["vouchers"] == -sum(count for _, _, count in removed)
    for name in ("published", "held", "withdrawn", "disabled"):
        assert changes[name] == -sum(count for state, active, count in removed if bucket(state, active) == name)


def test_nothing_that_left_changes_nothing() -> None:
    assert _departed([]) == {"vouchers": 0}
