"""Liquid templates: what they fill in, what they refuse, and what they can't do to us."""

import time

import pytest

from largesse.wire.faults import Fault
from largesse.wire.templates import TEMPLATE_CHARACTERS_MAX, parse_template, render_template

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
    begun = time.monotonic()
    with pytest.raises(Fault, match="cannot be rendered"):
        render_template(template, VALUES, html=html)
    assert time.monotonic() - begun < 2
