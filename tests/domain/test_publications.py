from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from largesse.domain import publications
from largesse.domain.errors import (
    DuplicateSourceId,
    LargesseError,
    NotFound,
    NoVoucherSuitableForPublication,
    TooManyVouchersRequested,
    Unavailable,
    VoucherAlreadyPublished,
    VoucherCannotBePublished,
)
from largesse.domain.publications import (
    COUNT_MAX,
    CustomerReference,
    PublicationRequest,
    check_count,
    out_of_time,
    refusal,
)


def request(**changes: Any) -> PublicationRequest:
    facts: dict[str, Any] = {"id": "pub_1", "holder_millis": "0", "holder_counter": 0, "campaign": "spring",
             "customer": CustomerReference(source_id="x")}  # fmt: skip
    return PublicationRequest(**facts | changes)


@given(st.integers(1, 200), st.none() | st.text(), st.integers(1, 100))
def test_a_publication_has_as_many_codes_as_allowed_and_with_a_source_id_one(
    count: int, source_id: str | None, maximum: int
) -> None:
    allowed = maximum if source_id is None else 1
    if count <= allowed:
        check_count(count, source_id, count_max=maximum)
        return
    with pytest.raises(TooManyVouchersRequested, match=f"Only up to {allowed} can be published"):
        check_count(count, source_id, count_max=maximum)


def test_fifty_codes_are_the_most_unless_said() -> None:
    check_count(COUNT_MAX, None)
    with pytest.raises(TooManyVouchersRequested, match="up to 50"):
        check_count(COUNT_MAX + 1, None)


def test_even_an_empty_source_id_is_one() -> None:
    with pytest.raises(TooManyVouchersRequested, match="up to 1 "):
        check_count(2, "")


@pytest.mark.parametrize(
    ("outcome", "type", "details"),
    [
        ("already_joined", VoucherCannotBePublished, "Voucher cannot be published. Customer already joined program."),
        ("voucher_disabled", VoucherCannotBePublished, "Voucher cannot be published. Voucher is disabled."),
        ("voucher_expired", VoucherCannotBePublished, "Voucher cannot be published. Voucher is expired."),
        ("voucher_held", VoucherCannotBePublished,
         "Voucher cannot be published. Voucher is held by a distribution or an export."),
        ("campaign_expired", VoucherCannotBePublished, "Voucher cannot be published. Campaign is expired."),
        ("voucher_already_published", VoucherAlreadyPublished, "Voucher 'v_1' has already been published"),
        ("no_new_codes", NoVoucherSuitableForPublication, "Couldn't create new vouchers for publication"),
        ("duplicate_source_id", DuplicateSourceId, "Publication with source_id: 's' already exists"),
        ("too_many_vouchers", TooManyVouchersRequested, "Only up to 1 can be published"),
    ],
)  # fmt: skip
def test_each_outcome_is_told_in_its_own_words(outcome: str, type: type[LargesseError], details: str) -> None:
    error = refusal(outcome, request(source_id="s"), "v_1")
    assert error.__class__ is type
    assert error.details == details


def test_an_empty_pool_says_what_would_help() -> None:
    error = refusal("exhausted", request(), None)
    assert error.__class__ is NoVoucherSuitableForPublication
    assert "AUTO_UPDATE" in str(error)


@pytest.mark.parametrize(
    ("asked", "type", "id"),
    [
        ({"campaign": "spring"}, "campaign", "spring"),
        ({"campaign": None, "voucher": "ABC"}, "voucher", "ABC"),
    ],
)
def test_what_is_not_there_is_named_as_it_was_asked_for(asked: dict[str, Any], type: str, id: str) -> None:
    error = refusal("source_not_found", request(**asked), None)
    assert isinstance(error, NotFound)
    assert (error.resource_type, error.resource_id) == (type, id)


def test_a_customer_who_is_not_there_is_named_by_the_id_sent() -> None:
    error = refusal("customer_not_found", request(customer=CustomerReference(id="cust_1")), None)
    assert isinstance(error, NotFound)
    assert (error.resource_type, error.resource_id) == ("customer", "cust_1")


@pytest.mark.parametrize("outcome", [publications.PUBLISHED, publications.REPLAYED, publications.SHORT_OF_CODES])
def test_what_is_no_refusal_has_no_error(outcome: str) -> None:
    with pytest.raises(KeyError):
        refusal(outcome, request(), None)


def test_a_request_that_lost_all_races_may_be_sent_again() -> None:
    error = out_of_time(publications.SHORT_OF_CODES)
    assert error.__class__ is Unavailable
    assert error.retry_after_s
    assert publications.SHORT_OF_CODES in str(error)
    assert publications.SHORT_OF_CODES.startswith(publications.RETRY_PREFIX)


def test_an_export_filters_publications_by_all_that_their_list_can_and_names_besides() -> None:
    assert dict(publications.EXPORT_FILTERS).items() > dict(publications.FILTERS).items()
    assert set(publications.EXPORT_FILTERS) - set(publications.FILTERS) == {"campaign", "customer", "voucher"}
