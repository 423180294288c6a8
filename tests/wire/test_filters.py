"""`filters` as every client writes them (acceptance rows A145–A149, A174)."""

import contextlib
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from largesse.domain import campaigns, customers, vouchers
from largesse.domain.errors import InvalidQueryParams, QueryTooLarge
from largesse.domain.filters import Condition, Fields, Filter, Value
from largesse.domain.publications import FILTERS
from largesse.wire.filters import filter_schema, read_filter
from largesse.wire.lists import Query

C1, C2 = "cust_lUET6gRpO5Wxlg5p2j2gRCgL", "cust_aR7NfHusxT7PdTMAKMfWDXnc"
ONE = Filter((Condition("customer_id", "$is", (C1,)),))
TWO = Filter((Condition("customer_id", "$in", (C1, C2)),))
TWICE = (Condition("customer_id", "$is", (C1,)), Condition("customer_id", "$is", (C2,)))


def read(text: str, fields: Fields = FILTERS, *, python: bool = False) -> Filter | None:
    query = Query.parse(text.encode(), drop_none=python)
    wanted = read_filter(query, fields)
    query.check()
    return wanted


def conditions(
    text: str, fields: Fields = FILTERS, *, python: bool = False
) -> list[tuple[str, str, tuple[Value, ...]]]:
    wanted = read(text, fields, python=python)
    assert wanted is not None
    return [(condition.field, condition.operator, condition.values) for condition in wanted.conditions]


@pytest.mark.parametrize(
    "text",
    [
        f"filters[customer_id][conditions][$is][0]={C1}",
        f"filters[customer_id][conditions][$is]={C1}",
        f"filters[customer_id][conditions][$is][]={C1}",
        f"filters%5Bcustomer_id%5D%5Bconditions%5D%5B%24is%5D%5B0%5D={C1}",
        f"filters%5bcustomer_id%5d%5bconditions%5d%5b%24is%5d={C1}",
        f"[filters][customer_id][conditions][$is][0]={C1}",
        f"%5Bfilters%5D%5Bcustomer_id%5D%5Bconditions%5D%5B%24is%5D={C1}",
        f"filters[customer_id][$is]={C1}",
        "filters=" + quote(json.dumps({"customer_id": {"conditions": {"$is": C1}}})),
        "filters=" + quote(json.dumps({"customer_id": {"conditions": {"$is": [C1]}}, "junction": "and"})),
        "filters[customer_id]=" + quote(json.dumps({"conditions": {"$is": C1}})),
        "filters[customer_id]=" + quote(json.dumps({"$is": C1})),
        "filters[customer_id][conditions]=" + quote(json.dumps({"$is": [C1]})),
    ],
)
def test_example_one_is_read_in_every_encoding(text: str):
    """A145, A146."""
    assert read(text) == ONE
    assert read(f"limit=5&{text}&order=id") == ONE


@pytest.mark.parametrize(
    "text",
    [
        f"filters[customer_id][conditions][$in][0]={C1}&filters[customer_id][conditions][$in][1]={C2}",
        f"filters[customer_id][conditions][$in]={C1}&filters[customer_id][conditions][$in]={C2}",
        f"filters[customer_id][conditions][$in][]={C1}&filters[customer_id][conditions][$in][]={C2}",
        "filters[customer_id][conditions][$in]=" + quote(str([C1, C2])),
        "filters[customer_id][conditions][$in]=" + quote(json.dumps([C1, C2])),
        "filters=" + quote(json.dumps({"customer_id": {"conditions": {"$in": [C1, C2]}}})),
    ],
)
def test_example_two_is_read_in_every_encoding(text: str):
    """A147."""
    assert read(text) == TWO


@pytest.mark.parametrize("junction", ["OR", "or", "Or"])
def test_each_value_of_is_is_a_condition(junction: str):
    """A148, A149."""
    text = f"filters[customer_id][conditions][$is][0]={C1}&filters[customer_id][conditions][$is][1]={C2}"
    assert read(text) == Filter(TWICE)
    assert read(f"{text}&filters[junction]={junction}") == Filter(TWICE, any_of=True)
    assert read(f"filters[junction]=AND&{text}") == Filter(TWICE)
    sent = {"customer_id": {"conditions": {"$is": [C1, C2]}}, "junction": junction}
    assert read("filters=" + quote(json.dumps(sent))) == Filter(TWICE, any_of=True)


@pytest.mark.parametrize("text", ["filters[junction]=xor", 'filters={"junction":"xor"}', 'filters={"junction":1}'])
def test_another_junction_is_refused(text: str):
    """A149."""
    with pytest.raises(InvalidQueryParams, match=r"\.filters\.junction must be equal to one of the allowed values"):
        read(text)


# Captured on the wire from PyPI voucherify 6.1.1.
PYTHON = (
    "filters[junction]=or&filters[customer_id][conditions][$in]=%5B%22a%27b%22%2C%20%27b%22c%27%2C%20%27x%5C%27%22y%27"
    "%2C%20%27None%27%5D&filters[customer_id][conditions][$not_in]=None&filters[customer_id][conditions][$is]=None&"
    "filters[source_id][conditions][$is]=None&filters[source_id][conditions][$has_value]=&"
    "filters[source_id][conditions][$contains]=None&filters[failure_code]=None&filters[result]=None"
)


def test_what_the_python_client_sends_for_unset_fields_is_dropped():
    assert conditions(PYTHON, python=True) == [
        ("customer_id", "$in", ("a'b", 'b"c', "x'\"y", "None")),
        ("source_id", "$has_value", ()),
    ]
    with pytest.raises(InvalidQueryParams, match=r"\.filters\.failure_code must be an object"):
        read(PYTHON)  # from anybody else it is a mistake


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))))
def test_any_list_is_read_back_from_python_and_from_json(values: list[str]):
    for text in (str(values), json.dumps(values)):
        query = Query([("filters[id][conditions][$in]", text)])
        wanted = read_filter(query, FILTERS)
        query.check()
        assert wanted == Filter((Condition("id", "$in", tuple(values)),))


@pytest.mark.parametrize("text", ["[", "[]x", "['a'", "[a, b]", "['a' 'b']", "[['a']]", "[null]", '[{"a":1}]', "x]"])
def test_what_only_looks_like_a_list_is_a_value(text: str):
    assert conditions("filters[id][conditions][$in]=" + quote(text)) == [("id", "$in", (text,))]


def test_a_value_is_never_taken_apart_where_one_is_expected():
    assert conditions("filters[id][conditions][$is]=['a','b']") == [("id", "$is", ("['a','b']",))]
    assert conditions("filters[id][conditions][$in][0]=['a','b']") == [("id", "$in", ("['a','b']",))]


def test_values_are_read_by_the_kind_of_the_field():
    text = (
        "filters[is_referral_code][conditions][$is]=TRUE&filters[created_at][conditions][$after]=2024-05-06"
        "&filters[created_at][conditions][$before]=2024-05-06%2010:00:00%2B00:00"
        "&filters[created_at][conditions][$more_than]=10&filters[created_at][conditions][$starts_with]=2024-05"
        "&filters[voucher_type][conditions][$is]=loyalty&filters[voucher_type][conditions][$contains]=loyalty"
        "&filters[metadata.a.b][conditions][$is]=1"
    )
    assert conditions(text) == [
        ("is_referral_code", "$is", (True,)),
        ("created_at", "$more_than", (datetime(2024, 5, 6, tzinfo=UTC),)),
        ("created_at", "$less_than", (datetime(2024, 5, 6, 10, tzinfo=UTC),)),
        ("created_at", "$more_than_ago", (10,)),
        ("created_at", "$starts_with", ("2024-05",)),
        ("voucher_type", "$is", ("LOYALTY_CARD",)),
        ("voucher_type", "$contains", ("loyalty",)),
        ("metadata", "$is", ("1",)),
    ]
    wanted = read(text)
    assert wanted is not None
    assert wanted.conditions[-1].key == "a.b"


def test_other_lists_have_their_own_words():
    text = "filters[type][conditions][$in]=['BULK']&filters[status][conditions][before_start]=&filters[active][$enabled]=%7B%7D"
    assert conditions(text, campaigns.FILTERS) == [
        ("type", "$in", ("AUTO_UPDATE", "STATIC")), ("status", "before_start", ()), ("active", "$enabled", ()),
    ]  # fmt: skip
    days = (
        "filters[validity_day_of_week][conditions][$is]=[1, 2]&filters[redemption.quantity][conditions][$more_than]=2.5"
    )
    assert conditions(days, vouchers.FILTERS) == [
        ("validity_day_of_week", "$is", (Decimal(1),)), ("validity_day_of_week", "$is", (Decimal(2),)),
        ("redemption.quantity", "$more_than", (Decimal("2.5"),)),
    ]  # fmt: skip
    born = "filters[birthday][conditions][$is]=1990-01-02&filters[address.city][conditions][$is]=Oslo"
    assert conditions(born, customers.FILTERS) == [
        ("birthday", "$is", (date(1990, 1, 2),)), ("address.city", "$is", ("Oslo",)),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "details"),
    [
        ("filters[nope][conditions][$is]=1", ".filters.nope is not a field of this list"),
        ("filters[metadata][conditions][$is]=1", ".filters.metadata is not a field"),
        ("filters[metadata.][conditions][$is]=1", ".filters.metadata. is not a field"),
        ("filters[id][conditions][$like]=1", ".filters.id.$like is not a condition of this field"),
        ("filters[id][conditions][is]=1", ".filters.id.is is not a condition"),
        ("filters[id][conditions][$after]=1", ".filters.id.$after is not a condition"),
        ("filters[id][conditions][$is][x]=1", "must be written filters[field][conditions][operator]"),
        ("filters[id][conditions][$is][0][1]=1", "must be written"),
        ("filters[id][conditions]=1", "must be an object in JSON"),
        ("filters[id]=1", "must be an object in JSON"),
        ("filters=1", "must be an object in JSON"),
        ("filters=[]", "must be an object in JSON"),
        ("filters={", "must be an object in JSON"),
        ("filters=" + "[" * 5000, "must be an object in JSON"),
        ("filtersx=1", "must be written"),
        ("filters[id]x=1", "must be written"),
        ("filters[[id]][conditions][$is]=1", "must be written"),
        ('filters={"id":1}', ".filters.id must be object"),
        ('filters={"id":{"conditions":[]}}', "must have an object of conditions"),
        ('filters={"id":{"conditions":{"$is":null}}}', ".filters.id.$is must be string, number or boolean"),
        ('filters={"id":{"conditions":{"$is":[[1]]}}}', ".filters.id.$is must be string, number or boolean"),
        ('filters={"id":{"conditions":{"$is":[]}}}', ".filters.id.$is must have a value"),
        ('filters={"id":{"conditions":{"$is":"\\u0000"}}}', "must not contain NUL"),
        ("filters[id][conditions][$in]=['\\x00']", "must not contain NUL"),
        ("filters[id][conditions][$in]=['\\ud800']", "must not contain NUL or half characters"),
        ("filters[created_at][conditions][$is]=soon", ".filters.created_at.$is cannot be recognized"),
        ("filters[created_at][conditions][$is_days_ago]=-1", "must be a number of days"),
        ("filters[created_at][conditions][$more_than]=999999", "must be a number of days"),
        ("filters[is_referral_code][conditions][$is]=maybe", "must be boolean"),
        ("filters[a][conditions][$is]=1&filters[junction]=no&filters[b]=", ".filters.junction must"),
    ],
)  # fmt: skip
def test_what_cannot_be_understood_is_refused_by_name(text: str, details: str):
    """A174."""
    with pytest.raises(InvalidQueryParams) as raised:
        read(quote(text, safe="=&[]"))
    assert details in (raised.value.details or "")


def test_an_unknown_name_is_told_what_there_is():
    """A174."""
    with pytest.raises(InvalidQueryParams) as raised:
        read("filters[nope][conditions][$is]=1&filters[id][conditions][$nope]=1")
    details = raised.value.details or ""
    assert all(
        name in details for name in ("customer_id", "metadata.<key>", "$more_than_equal", "[conditions][operator]")
    )


def test_states_take_no_value():
    with pytest.raises(InvalidQueryParams, match="it must be empty or true"):
        read("filters[active][conditions][$expired]=false", vouchers.FILTERS)


def test_too_much_is_refused():
    for text in (
        "&".join(f"filters[id][conditions][$is][{n}]=x" for n in range(1000)),
        "&".join(f"filters[id][$is]={n}" for n in range(101)),
        'filters={"id":{"$is":[' + ",".join(["1"] * 1000) + "]}}",
        'filters={"id":{"$in":[' + ",".join(["1"] * 1000) + "]}}",
        "filters[id][conditions][$in]=[" + ",".join(["1"] * 1000) + "]",
        "filters=" + "x" * 65_536,
    ):
        with pytest.raises(QueryTooLarge):
            read(text)
    assert len(conditions("&".join(f"filters[id][$is]={n}" for n in range(100)))) == 100


def test_thousands_of_faults_are_not_all_told():
    with pytest.raises(InvalidQueryParams) as raised:
        read("&".join(f"filters[f{n}][conditions][$is]=x" for n in range(300)))
    assert len(raised.value.details or "") < 20_000


@given(
    st.text(max_size=200),
    st.sampled_from(
        [
            "filters",
            "filters[id]",
            "filters[id][conditions]",
            "filters[id][conditions][$in]",
            "filters[created_at][$is]",
            "filters[metadata.x][$is]",
        ]
    ),
)
def test_no_value_breaks_the_parser(value: str, name: str):
    text = f"{name}={quote(value, errors='replace')}"
    with contextlib.suppress(InvalidQueryParams, QueryTooLarge):
        read(text)


@given(st.text(st.sampled_from("filters[]$%{}\":,'\\a0=&"), max_size=60))
def test_no_name_breaks_the_parser(text: str):
    with contextlib.suppress(InvalidQueryParams, QueryTooLarge):
        read("filters" + text)


def test_without_filters_there_is_none():
    assert read("limit=1&customer=x") is None
    assert read("filters[customer_id]=None", python=True) is None


def test_the_schema_names_every_field():
    properties = filter_schema(FILTERS)["filters"]["properties"]
    assert set(properties) == (set(FILTERS) - {"metadata"}) | {"junction"}
