from typing import Annotated, Any, Literal

import msgspec
import pytest

from largesse.domain.errors import InvalidPayload, MalformedJson
from largesse.wire import parse
from largesse.wire.dates import DateTime
from largesse.wire.faults import FAULTS_MAX
from largesse.wire.metadata import METADATA_BYTES_MAX, Metadata
from largesse.wire.parse import DEPTH_MAX, parse_json, parse_value


class Unit(msgspec.Struct, frozen=True, kw_only=True):
    name: str


class Order(msgspec.Struct, frozen=True, kw_only=True):
    quantity: int | msgspec.UnsetType | None = msgspec.UNSET
    price: float | None = None
    units: list[Unit] = []
    extra: Any = None
    metadata: Metadata | None = None
    when: DateTime | msgspec.UnsetType | None = msgspec.UNSET
    code: Annotated[str, msgspec.Meta(min_length=2, max_length=3, pattern="^[A-Z]+$")] | None = None
    share: Annotated[float, msgspec.Meta(gt=0, lt=1)] | None = None
    names: Annotated[dict[str, str], msgspec.Meta(max_length=2)] | None = None
    rating: Annotated[int, msgspec.Meta(ge=1, le=5)] | None = None
    weight: Annotated[int, msgspec.Meta(multiple_of=10)] | None = None
    few: Annotated[list[int], msgspec.Meta(min_length=1, max_length=2)] | None = None
    level: Literal[1, 2] | None = None

    def __post_init__(self) -> None:
        if self.extra == "refuse me":
            raise ValueError("Property .extra must be something else")


class Percent(msgspec.Struct, frozen=True, tag_field="type", tag="PERCENT"):
    percent_off: int


class Amount(msgspec.Struct, frozen=True, tag_field="type", tag="AMOUNT"):
    amount_off: int


class Sale(msgspec.Struct, frozen=True):
    discount: Percent | Amount
    kind: Literal["A", "B"] | None = None


def faults_of(body: bytes, type_: type = Order) -> list[str]:
    with pytest.raises(InvalidPayload) as raised:
        parse_json(body, type_)
    return str(raised.value.details).split("; ")


def test_null_is_not_absent() -> None:
    assert parse_json(b"{}", Order).quantity is msgspec.UNSET
    assert parse_json(b'{"quantity":null,"when":null}', Order).quantity is None
    assert parse_json(b'{"quantity":null,"when":"2024-01-01"}', Order).quantity is None  # the slow way too
    assert parse_json(b'{"when":"2024-01-01"}', Order).quantity is msgspec.UNSET


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (b'{"quantity":"1"}', "Property .quantity must be integer,null"),
        (b'{"quantity":1.5}', "Property .quantity must be integer,null"),
        (b'{"quantity":true}', "Property .quantity must be integer,null"),
        (b'{"price":"1"}', "Property .price must be number,null"),
        (b'{"price":true}', "Property .price must be number,null"),
        (b'{"units":null}', "Property .units must be array"),
        (b'{"units":[{}]}', "Property .units[0] must have required property 'name'"),
        (b'{"units":[{"name":"a"},{"name":2}]}', "Property .units[1].name must be string"),
        (b'{"metadata":[]}', "Property .metadata must be object,null"),
        (b'{"when":7}', "Property .when must be string,null"),
        (b'{"when":"soon"}', "Property .when cannot be recognized as a ISO-8601 compliant date"),
        (b'{"code":"A"}', "Property .code must not have fewer than 2 characters"),
        (b'{"code":"ABCD"}', "Property .code must not have more than 3 characters"),
        (b'{"code":"ab"}', 'Property .code must match pattern "^[A-Z]+$"'),
        (b'{"share":0}', "Property .share must be > 0"),
        (b'{"share":1}', "Property .share must be < 1"),
        (b'{"names":{"a":1}}', "Property .names.a must be string"),
        (b'{"names":{"a":"","b":"","c":""}}', "Property .names must not have more than 2 properties"),
        (b'{"rating":0}', "Property .rating must be >= 1"),
        (b'{"rating":6}', "Property .rating must be <= 5"),
        (b'{"weight":15}', "Property .weight must be multiple of 10"),
        (b'{"few":[]}', "Property .few must not have fewer than 1 items"),
        (b'{"few":[1,2,3]}', "Property .few must not have more than 2 items"),
        (b'{"level":3}', "Property .level must be equal to one of the allowed values [1, 2]"),
        (b'{"level":true}', "Property .level must be equal to one of the allowed values [1, 2]"),
        (b'{"quantity":1e300}', "Property .quantity must be integer,null"),
        (b'{"extra":"refuse me"}', "Property .extra must be something else"),
        (b"[]", "Payload must be object"),
        (b"null", "Payload must be object"),
        (b"7", "Payload must be object"),
        (b"", "Payload must be object"),
    ],
)
def test_a_fault_says_where_and_what(body: bytes, fault: str) -> None:
    assert faults_of(body) == [fault]


def test_all_faults_come_together_also_those_of_different_kinds() -> None:
    body = b'{"quantity":"1","price":"x","units":[{}],"extra":"\\u0000","unknown":["\\udc00"]}'
    assert faults_of(body) == [
        "Property .extra must not contain NUL characters",
        "Property .unknown[0] must not contain lone surrogates",
        "Property .quantity must be integer,null",
        "Property .price must be number,null",
        "Property .units[0] must have required property 'name'",
    ]


def test_alternatives_by_tag() -> None:
    assert parse_json(b'{"discount":{"type":"AMOUNT","amount_off":5}}', Sale).discount == Amount(5)
    assert parse_json(b'{"discount":{"type":"AMOUNT","amount_off":5.0}}', Sale).discount == Amount(5)
    assert faults_of(b'{"discount":{"type":"AMOUNT","amount_off":"5"},"kind":"C"}', Sale) == [
        "Property .discount.amount_off must be integer",
        "Property .kind must be equal to one of the allowed values [A, B]",
    ]
    assert faults_of(b'{"discount":{"type":"UNIT"}}', Sale) == [
        "Property .discount must have a 'type' equal to one of the allowed values [PERCENT, AMOUNT]"
    ]


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (b"1.0", 1),  # an integer in JSON, whatever the language that wrote it
        (b"9223372036854775807", 2**63 - 1),
        (b"-9223372036854775808", -(2**63)),
    ],
)
def test_integers_of_any_spelling(value: bytes, kept: int) -> None:
    quantity = parse_json(b'{"quantity":' + value + b"}", Order).quantity
    assert quantity == kept
    assert isinstance(quantity, int)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (b'"\\u0000"', "Property .extra[0].a must not contain NUL characters"),
        (b'"\\ud83d"', "Property .extra[0].a must not contain lone surrogates"),
        (b"9223372036854775808", "Property .extra[0].a must be between -9223372036854775808 and 9223372036854775807"),
        (b"-9223372036854775809", "Property .extra[0].a must be between -9223372036854775808 and 9223372036854775807"),
        (b"NaN", "Property .extra[0].a must be a finite number"),
        (b"-Infinity", "Property .extra[0].a must be a finite number"),
        (b'{"\\u0000":1}', "Property .extra[0].a.\\u0000 has a name that must not contain NUL characters"),
        (b'{"\\ud800":1}', "Property .extra[0].a.\\ud800 has a name that must not contain lone surrogates"),
    ],
)
@pytest.mark.parametrize("field", [b"extra", b"unknown"])
def test_what_no_value_may_hold_is_named_wherever_it_stands(field: bytes, text: bytes, fault: str) -> None:
    expected = fault.replace(".extra", f".{field.decode()}")
    assert faults_of(b'{"' + field + b'":[{"a":' + text + b"}]}") == [expected]


def test_a_number_too_large_for_a_float_is_named_where_it_is_kept() -> None:
    assert faults_of(b'{"extra":1e999}') == ["Property .extra must be a finite number"]
    assert faults_of(b'{"quantity":1e999}')[0] == "Property .quantity must be a finite number"


def test_the_details_of_any_fault_can_be_written_as_json() -> None:
    [fault] = faults_of(b'{"\\ud800' + b"x" * 5000 + b'":"\\u0000"}')[:1]
    assert len(msgspec.json.encode(fault)) < 300


def test_an_escaped_backslash_before_u0000_is_harmless() -> None:
    assert parse_json(b'{"extra":"\\\\u0000"}', Order).extra == "\\u0000"
    assert parse_json(b'{"extra":"\\ud83d\\ude00 12345678901234567890"}', Order).extra == "😀 12345678901234567890"


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"}",
        b'{"extra":1,}',
        b"{'extra':1}",
        b'{"extra":01}',
        b'{"extra":"\x00"}',
        b'{"extra":"\n"}',
        b'{"extra":"\\x"}',
        b'{"extra":1}{}',
        b'\xef\xbb\xbf{"extra":1}',
        b'{"extra":"\xff"}',
        b'{"unknown":"\xff"}',
        b'{"unknown":"\xed\xa0\x80"}',
        b'{"\xff":1}',
        '{"extra":1}'.encode("utf-16"),
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 100_000,
        b"1" * 5000,
        b" ",
    ],
    ids=lambda body: repr(body[:24]),
)
def test_what_is_not_json_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedJson):
        parse_json(body, Order)


def nested(levels: int) -> bytes:
    """An object with a list in it, `levels` deep together."""
    return b'{"extra":' + b"[" * (levels - 1) + b'"]"' + b"]" * (levels - 1) + b"}"


WIDE = b'{"extra":[' + b",".join([b'{"a":"[[[[{{{{\\"[["}'] * 1000) + b"]}"


@pytest.mark.parametrize("prefix", [b"{", b'{"when":"2024-01-01",'])  # the fast way, the slow way
def test_depth_is_limited_but_not_length(prefix: bytes) -> None:
    assert parse_json(nested(DEPTH_MAX).replace(b"{", prefix, 1), Order).extra
    with pytest.raises(MalformedJson):
        parse_json(nested(DEPTH_MAX + 1).replace(b"{", prefix, 1), Order)
    with pytest.raises(MalformedJson):
        parse_json(nested(DEPTH_MAX + 1).replace(b"extra", b"unknown").replace(b"{", prefix, 1), Order)
    assert len(parse_json(WIDE.replace(b"{", prefix, 1), Order).extra) == 1000


@pytest.mark.parametrize("body", [b"{}", WIDE, nested(DEPTH_MAX), '{"extra":"\\u00e9 ü"}'.encode(), b'{"few":[1]}'])
def test_what_is_right_is_decoded_once(body: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_body: bytes) -> Any:
        raise AssertionError("the slow way")

    monkeypatch.setattr(parse, "_load", fail)
    assert parse_json(body, Order)


@pytest.mark.parametrize(
    "body",
    [
        b'{"rating":1,"weight":10,"few":[1],"level":1,"code":"AB","share":0.5}',
        b'{"rating":5,"weight":-20,"few":[1,2],"level":2,"code":"ABC","names":{"a":"","b":""}}',
    ],
)
def test_the_bounds_themselves_are_allowed_both_ways(body: bytes) -> None:
    assert parse_json(body, Order) == parse_value(msgspec.json.decode(body), Order)


def test_metadata_is_limited_as_serialised() -> None:
    fitting = "x" * (METADATA_BYTES_MAX - len('{"a":""}'))
    assert parse_value({"metadata": {"a": fitting}}, Order).metadata == {"a": fitting}
    body = msgspec.json.encode({"metadata": {"a": fitting + "x"}})
    assert faults_of(body) == [f"Property .metadata must not be larger than {METADATA_BYTES_MAX} bytes"]


def test_the_list_of_faults_has_an_end() -> None:
    faults = faults_of(b'{"units":[' + b",".join([b"1"] * 5000) + b"]}")
    assert len(faults) == FAULTS_MAX + 1
    assert faults[0] == "Property .units[0] must be object"
    assert faults[-1] == "and more"


def test_the_list_of_faults_has_an_end_also_for_what_no_value_may_hold() -> None:
    faults = faults_of(b'{"unknown":[' + b",".join([b'"\\u0000"'] * 5000) + b"]}")
    assert (len(faults), faults[-1]) == (FAULTS_MAX + 1, "and more")


@pytest.mark.parametrize("end", [b"", b"\\", b'"'])
def test_a_body_of_quotes_takes_no_more_time_than_its_length(end: bytes) -> None:
    """A pattern that starts again at every quote would take minutes."""
    with pytest.raises(MalformedJson):
        parse_json(b"[" * DEPTH_MAX + b'["' + b'\\"' * 1_000_000 + end, Order)


def test_of_a_key_given_twice_the_last_counts() -> None:
    assert parse_json(b'{"quantity":1,"quantity":2}', Order).quantity == 2
    assert parse_json(b'{"quantity":1,"quantity":2,"when":"2024-01-01"}', Order).quantity == 2


@pytest.mark.parametrize(
    ("body", "fast"),
    [
        (b'{"name":"order-1795960333123456789"}', True),  # as ids are
        (b'{"name":"a\\"1795960333123456789\\\\"}', True),
        (b'{"1795960333123456789":1,"name":"x"}', True),
        (b'{"name":"x","n":1795960333123456789}', False),
        (b'{"name":"x","n":[-1795960333123456789.5]}', False),
        (b'{"name":"a\\\\","n":1795960333123456789}', False),
    ],
)
def test_only_long_numbers_need_a_closer_look_not_digits_in_a_string(body: bytes, fast: bool) -> None:
    assert parse_json(body, Unit).name
    assert parse._looks_harmless(body) is fast
