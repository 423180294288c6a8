import pytest
from hypothesis import given
from hypothesis import strategies as st

from largesse.auth.callers import Caller

SCOPES = st.none() | st.frozensets(st.sampled_from(["vouchers", "customers", "exports", "api"]))
NEEDED = st.frozensets(st.sampled_from(["vouchers", "customers", "exports"]))


def caller(scopes: frozenset[str] | None, key_scopes: frozenset[str] | None) -> Caller:
    return Caller(app_id="a", kind="server", project=None, scopes=scopes, key_scopes=key_scopes)


@given(SCOPES, SCOPES, NEEDED)
def test_a_caller_may_what_token_and_key_both_allow(
    scopes: frozenset[str] | None, key_scopes: frozenset[str] | None, needed: frozenset[str]
) -> None:
    def allows(given: frozenset[str] | None) -> bool:
        return given is None or "api" in given or needed <= given

    assert caller(scopes, key_scopes).may(*needed) is (allows(scopes) and allows(key_scopes))


@pytest.mark.parametrize(
    ("scopes", "key_scopes", "may"),
    [
        (None, None, True),
        (frozenset({"api"}), None, True),
        (frozenset({"api"}), frozenset({"customers"}), False),  # a token opens no more than its key
        (frozenset({"customers"}), frozenset({"api"}), False),
        (frozenset(), None, False),
        (frozenset({"vouchers"}), frozenset({"vouchers"}), True),
    ],
)
def test_the_narrower_of_the_two_counts(
    scopes: frozenset[str] | None, key_scopes: frozenset[str] | None, may: bool
) -> None:
    assert caller(scopes, key_scopes).may("vouchers") is may
