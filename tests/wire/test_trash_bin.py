import pytest

from largesse.domain.trash_bin import CAMPAIGN, VOUCHER, BinEntry
from largesse.wire.trash_bin import render_entry
from tests.domain.moments import NOON


@pytest.mark.parametrize(("kind", "parent"), [(CAMPAIGN, None), (VOUCHER, None), (VOUCHER, "camp_1")])
def test_what_lies_in_the_bin_says_what_it_was_and_where_from(kind: str, parent: str | None) -> None:
    entry = BinEntry(
        id="te_1", resource_id="x_1", resource_type=kind, resource_name="A", resource_parent_id=parent, created_at=NOON
    )  # fmt: skip
    shown = render_entry(entry)
    assert (shown["object"], shown["resource_type"]) == (kind, kind)
    assert (shown["resource_id"], shown["resource_name"], shown["resource_parent_id"]) == ("x_1", "A", parent)
