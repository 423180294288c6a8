import pytest

from largesse.domain.errors import InvalidVoucher
from largesse.domain.vouchers import State, bucket, infer_type

DISCOUNT = {"type": "AMOUNT", "amount_off": 1}


def test_the_type_follows_from_the_only_definition() -> None:
    assert infer_type(None, DISCOUNT, None, None) == "DISCOUNT_VOUCHER"
    assert infer_type(None, None, object(), None) == "GIFT_VOUCHER"
    assert infer_type("LOYALTY_CARD", None, None, object()) == "LOYALTY_CARD"


@pytest.mark.parametrize(
    ("type_", "discount", "gift"),
    [(None, None, None), (None, DISCOUNT, {}), ("GIFT_VOUCHER", DISCOUNT, None), ("DISCOUNT_VOUCHER", None, None)],
)
def test_a_type_without_its_own_definition_is_refused(
    type_: str | None, discount: dict[str, object] | None, gift: object | None
) -> None:
    with pytest.raises(InvalidVoucher):
        infer_type(type_, discount, gift, None)


def test_each_state_is_counted_in_one_place() -> None:
    assert bucket(State.FREE, True) is None
    assert bucket(State.FREE, False) == "disabled"
    assert bucket(State.HELD, False) == "held"
    assert {bucket(State.PUBLISHED, True), bucket(State.PUBLISHED_WITHOUT_CUSTOMER, False)} == {"published"}
    assert bucket(State.WITHDRAWN, True) == "withdrawn"
