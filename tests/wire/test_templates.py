"""Liquid templates: what they fill in, what they refuse, and what they can't do to us."""

import pytest

from largesse.wire.faults import Fault
from largesse.wire.templates import _PLAIN, TEMPLATE_CHARACTERS_MAX, parse_template, render_template

BERLIN = "Europe/Berlin"
EMPTIES = ("nobody", "none", "text", "list", "map")
VALUES = {
    "customer": {"name": "Ann <b>&\"'", "email": "a@b.c"},
    "voucher": {"code": "X-1"},
    "x": "aaaaaaaaaaaa",
    "y": "b" * 30,
    "items": list(range(50)),
}


@pytest.mark.parametrize(
    ("template", "plain"),
    [
        ("Hi {{ customer.name }}", "Hi Ann <b>&\"'"),
        ("{{ voucher.code | downcase }}", "x-1"),
        ("{{ nobody.has.this }}!", "!"),
        ("{% if voucher.code %}yes{% else %}no{% endif %}", "yes"),
        ("{% for i in items %}{{ i }}{% if i == 2 %}{% break %}{% endif %}{% endfor %}", "012"),
        ("{{ voucher.code | replace: 'X', 'Y' | append: '!' | default: 'none' }}", "Y-1!"),
        ('{"to": {{ customer.name | json }}}', '{"to": "Ann <b>&\\"\'"}'),
    ],
)
def test_values_are_filled_in(template: str, plain: str) -> None:
    assert render_template(template, VALUES) == plain


def test_values_are_escaped_in_html() -> None:
    assert render_template("<i>{{ customer.name }}</i>", VALUES, html=True) == "<i>Ann &lt;b&gt;&amp;&#34;&#39;</i>"
    assert "<b>" not in render_template("{{ customer.name | upcase | replace: 'ANN', '<b>' }}", VALUES, html=True)


@pytest.mark.parametrize(
    ("template", "says"),
    [
        ("a\nb{% if %}", "line 2: missing expression"),
        ("\n\n{{ voucher.code | nope }}", "line 3: unknown filter 'nope'"),
        ("{% if false %}{{ x | nope }}{% endif %}", "line 1: unknown filter 'nope'"),
        ("{{ (1..30000000) | join: ',' }}", "line 1: ranges like (1..3) are not supported"),
        ('a\n{% liquid assign x = "}"\n assign a = (1..9)\n echo a | size %}', "ranges like (1..3) are not supported"),
        ('{% if "}" == x or (1..9) contains 5 %}y{% endif %}', "line 1: ranges like (1..3) are not supported"),
        ("{% include 'x' %}", "line 1: unexpected tag 'include'"),
        ("{% if a %}" * 2000, "line 1: block nesting limit reached"),
        ("x" * (TEMPLATE_CHARACTERS_MAX + 1), "must not have more than 65536 characters"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(template: str, says: str) -> None:
    with pytest.raises(Fault, match=r"template|characters") as caught:
        parse_template(template)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    "template",
    [
        "{{ x | replace: 'a', y | replace: 'b', y | replace: 'b', y | replace: 'b', y }}",
        "{% assign a = 'xxxxxxxxxxxxxxxxxx' %}" + "{% assign a = a | append: a %}" * 40,
        "{% assign n = 9 %}" + "{% assign n = n | times: n %}" * 30 + "{{ n }}",
        "{% for a in items %}{% for b in items %}{% for c in items %}x{% endfor %}{% endfor %}{% endfor %}",
        "{{ x | split: '' | join: y | split: '' | join: y | split: '' | join: y | split: '' | join: y }}",
        "{% assign a = x | replace: 'a', y | replace: 'b', y %}{% for i in items %}{% for j in items %}"
        + "{% assign b = a | upcase %}" * 100
        + "{% endfor %}{% endfor %}",
        "{{ 1 | divided_by: 0 }}",
    ],
)
@pytest.mark.parametrize("html", [False, True])
def test_no_template_takes_the_machine_away(template: str, html: bool) -> None:
    with pytest.raises(Fault, match="cannot be rendered"):
        render_template(template, VALUES, html=html)


@pytest.mark.parametrize(
    "template",
    [
        "{{" * 30_000, "{%" * 30_000, "{{" + " " * 60_000 + "}}", "{% if" + " " * 60_000 + "%}", "{{x" * 20_000,
        "{% raw %}" * 7_000, "{% doc %}" * 7_000, "{{ x }}" * 2_001, "{{ '" + "x" * 2_000 + "' }}", "{{ x" + " " * 101 + "}}",
        "a {% raw %} {{ {% endraw %} {{",
    ],
)  # fmt: skip
def test_what_the_library_would_take_long_to_read_is_refused_before(template: str) -> None:
    with pytest.raises(Fault, match="is not a valid template"):
        parse_template(template)


@pytest.mark.parametrize(
    ("template", "says"),
    [
        ("{% raw %}{{ {% if {% endraw %}{{ x }}", "{{ {% if aaaaaaaaaaaa"),
        ("{%- raw -%} {{ {%- endraw -%} {{ x }}", " {{ aaaaaaaaaaaa"),
        ("a }} b %} {{ x }}", "a }} b %} aaaaaaaaaaaa"),
        ("{% comment %} {{ y }} {% endcomment %}{{ x }}", "aaaaaaaaaaaa"),
        ("{{ x }}" * 2_000, "a" * 24_000),
        ("<style>@media print{.a{color:red}}</style>{{ x }}", "<style>@media print{.a{color:red}}</style>aaaaaaaaaaaa"),
    ],
)
def test_what_only_looks_like_it_is_not(template: str, says: str) -> None:
    assert render_template(template, VALUES).strip() == says.strip()


@pytest.mark.parametrize(
    ("value", "pattern", "says"),
    [
        ("2030-07-01T22:30:00.000Z", "%d.%m.%Y %H:%M", "02.07.2030 00:30"),
        ("2030-01-01T23:30:00+00:00", "%d.%m.%Y %H:%M %Z", "02.01.2030 00:30 CET"),
        ("2030-01-01T23:30:00+05:00", "%H:%M", "19:30"),
        ("2030-01-01", "%d.%m.%Y", "01.01.2030"),
        ("2030-01-01 10:00", "%H:%M", "10:00"),
        (1_893_456_000, "%d.%m.%Y %H:%M", "01.01.2030 01:00"),
        ("1893456000", "%H:%M", "01:00"),
        ("soon", "%Y", "soon"),
        ("", "%Y", ""),
        ("  ", "%Y", ""),
        (None, "%Y", ""),
        ([], "%Y", ""),
        ({}, "%Y", ""),
        (10**40, "%Y", str(10**40)),
        ("9" * 200, "%Y", "9" * 200),
        ("2030-01-01", None, "2030-01-01"),
    ],
)
@pytest.mark.parametrize("html", [False, True])
def test_dates_are_those_of_the_project(value: object, pattern: str | None, says: str, html: bool) -> None:
    values = {"value": value, "pattern": pattern}
    assert render_template("{{ value | date: pattern }}", values, html=html, time_zone=BERLIN) == says


def test_now_is_that_of_the_project() -> None:
    east, west = (
        render_template("{{ 'now' | date: '%z' }}", {}, time_zone=zone) for zone in ("Asia/Tokyo", "America/Phoenix")
    )
    assert (east, west) == ("+0900", "-0700")
    assert render_template("{{ 'now' | date: '%z' }}", {}, time_zone="No/Where") == "+0000"


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (1250, "12.50"), (0, "0.00"), (5, "0.05"), (-5, "-0.05"), (100_000_000_000_000_000_000, "1000000000000000000.00"),
        (12.5, "12.50"), (12.0, "12.00"), (0.1 + 0.2, "0.30"), ("1250", "12.50"), ("12.5", "12.50"), ("-3", "-0.03"),
        ("", ""), (None, ""), ([], ""), ("ten", "ten"), (True, "true"), ("1e9", "1000000000.00"), ("NaN", "NaN"),
        ("1" + "0" * 40, "1" + "0" * 40),
    ],
)  # fmt: skip
@pytest.mark.parametrize("html", [False, True])
def test_money_has_two_decimals(value: object, says: str, html: bool) -> None:
    assert render_template("{{ value | money }}", {"value": value}, html=html) == says


def test_money_of_a_number_without_end_is_no_fault() -> None:
    assert render_template("{{ n | money }}", {"n": 10**400}) == str(10**400)
    assert render_template("{{ n | times: 1.0 | money }}", {"n": 10**25}) == "1e+25"


@pytest.mark.parametrize("html", [False, True])
@pytest.mark.parametrize("empty", EMPTIES)
@pytest.mark.parametrize("name", sorted(_PLAIN.filters))
def test_no_filter_fails_for_what_is_empty(name: str, empty: str, html: bool) -> None:
    values: dict[str, object] = {"none": None, "text": "", "list": [], "map": {}}
    for arguments in ("", ": 'a'", ": 2", ": 'a', 'b'", ": 1, 2", ": 0, 9", ": none", ": 'a', none", ": nobody"):
        template = f"[{{{{ {empty} | {name}{arguments} }}}}]"
        try:
            said = render_template(template, values, html=html)
            assert (said[0], "None" in said) == ("[", False), template
        except Fault as fault:  # too few or too many arguments, or of the wrong type, whatever the value is
            assert "argument" in str(fault) or "expected" in str(fault), template  # noqa: PT017


@pytest.mark.parametrize("empty", ["none", "nobody"])
@pytest.mark.parametrize(
    ("use", "says"),
    [
        ("'x' | append: {}", "x"), ("'x' | prepend: {}", "x"), ("'axa' | replace: 'x', {}", "aa"), ("'x' | remove: {}", "x"),
        ("{} | default: 'd'", "d"), ("items | join: {} | size", "90"), ("{} | slice: 0, 4", ""), ("{} | json", '""'),
    ],
)  # fmt: skip
def test_what_is_unset_is_an_empty_text_to_filters(use: str, says: str, empty: str) -> None:
    assert render_template("{{ " + use.format(empty) + " }}", VALUES | {"none": None}) == says
