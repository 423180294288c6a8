import pytest
from hypothesis import given
from hypothesis import strategies as st

from largesse.domain.errors import InvalidQueryParams, LargesseError, PageOverLimit, QueryTooLarge
from largesse.wire.lists import QUERY_BYTES_MAX, Page, Query

ORDERS = ("id", "created_at")


def page_of(text: str, page_max: int = 1000) -> Page:
    query = Query.parse(text.encode())
    page = query.page(orders=ORDERS, page_max=page_max)
    query.check()
    return page


def test_without_parameters_it_is_the_newest_ten() -> None:
    page = page_of("")
    assert page == Page(limit=10, page=1, order="created_at", descending=True)
    assert page_of("limit=25&page=3&order=id") == Page(limit=25, page=3, order="id", descending=False)
    assert page_of("limit=25&page=3&order=id").offset == 50
    assert page_of("order=-id").descending
    assert page_of("limit=1&page=1").limit == 1
    assert page_of("limit=100").limit == 100


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("limit=0", "Property .limit must be >= 1"),
        ("limit=101", "Property .limit must be <= 100"),
        ("limit=ten", "Property .limit must be integer"),
        ("limit=1.5", "Property .limit must be integer"),
        ("limit=1_0", "Property .limit must be integer"),
        ("limit=%EF%BC%91", "Property .limit must be integer"),  # a digit of another script
        ("limit=" + "9" * 5000, "Property .limit must be integer"),
        ("page=0", "Property .page must be >= 1"),
        ("page=-1", "Property .page must be >= 1"),
        ("page=x", "Property .page must be integer"),
        ("order=name", "Property .order must be equal to one of the allowed values [id, -id, created_at, -created_at]"),
        ("order=--id", "Property .order must be equal to one of the allowed values [id, -id, created_at, -created_at]"),
        ("limit=0&page=x&order=q", ("Property .limit must be >= 1; Property .page must be integer; "
         "Property .order must be equal to one of the allowed values [id, -id, created_at, -created_at]")),
    ],
)  # fmt: skip
def test_every_fault_of_paging_is_named(text: str, fault: str) -> None:
    with pytest.raises(InvalidQueryParams) as raised:
        page_of(text)
    assert raised.value.details == fault


def test_a_page_too_far_has_an_error_of_its_own_for_publications_only() -> None:
    assert page_of("page=1000").page == 1000
    with pytest.raises(PageOverLimit, match=r"Property \.page cannot be higher than 1000"):
        page_of("page=1001")
    with pytest.raises(InvalidQueryParams):
        page_of("page=1001&limit=0")
    assert page_of("page=99", page_max=99).page == 99
    with pytest.raises(InvalidQueryParams, match=r"Property \.page must be <= 99"):
        page_of("page=100", page_max=99)


def test_plain_parameters() -> None:
    query = Query.parse(
        b"campaign_name=a%20b+c&join_once=TRUE&kind=A&created_at%5Bbefore%5D=2024-01-01&[created_at][after]=2023-01-01"
        b"&twice=1&twice=2&empty="
    )
    assert query.text("campaign", "campaign_name") == "a b c"
    assert query.text("nothing") is None
    assert query.text("empty") is None
    assert query.text("twice") == "2"
    assert query.boolean("join_once") is True
    assert query.boolean("nothing") is None
    assert query.moment("updated_at", "before") is None
    assert query.required("kind") == "A"
    assert query.choice("kind", ("A", "B")) == "A"
    before, after = query.moment("created_at", "before"), query.moment("created_at", "after")
    assert before is not None
    assert after is not None
    assert (before.year, after.year) == (2024, 2023)
    query.check()


def test_all_faults_of_plain_parameters_come_together() -> None:
    query = Query.parse(b"join_once=1&kind=C&created_at[before]=soon")
    query.boolean("join_once")
    query.choice("kind", ("A", "B"))
    query.moment("created_at", "before")
    query.required("customer")
    query.fault("z", "must be better")
    with pytest.raises(InvalidQueryParams) as raised:
        query.check()
    assert raised.value.details == (
        "Property .join_once must be boolean; "
        "Property .kind must be equal to one of the allowed values [A, B]; "
        "Property .created_at[before] cannot be recognized as a ISO-8601 compliant date; "
        "Query should have required property 'customer'; "
        "Property .z must be better"
    )


def test_the_word_none_is_dropped_only_when_asked() -> None:
    assert Query.parse(b"customer=None").text("customer") == "None"
    assert Query.parse(b"customer=None&limit=3", drop_none=True).pairs == [("limit", "3")]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (b"a=" + b"x" * QUERY_BYTES_MAX, QueryTooLarge),
        (b"&".join([b"a=1"] * 1001), QueryTooLarge),
        (b"a=%FF", InvalidQueryParams),
        (b"a=\xff", InvalidQueryParams),
        (b"a=%00", InvalidQueryParams),
        (b"%00=1", InvalidQueryParams),
    ],
)
def test_what_cannot_be_read_is_refused(text: bytes, error: type[LargesseError]) -> None:
    with pytest.raises(error):
        Query.parse(text)


@given(st.binary(max_size=200))
def test_no_query_breaks_the_reader(text: bytes) -> None:
    try:
        page_of(text.decode("latin-1"))
    except LargesseError as error:
        assert error.status == 400  # noqa: PT017
