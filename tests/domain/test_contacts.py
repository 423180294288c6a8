"""Addresses are compared by what they mean, not by how they are spelled."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from largesse.domain.contacts import EMAIL, SMS, calling_code, contact_key, contact_keys, region_of


@pytest.mark.parametrize(
    "text",
    ["ann@example.com", " Ann@Example.COM ", "mailto:ann@example.com", "MAILTO:ann%40example.com?subject=Stop", "Ann <ann@example.com>",
     '"Doe, Ann" <Ann@example.com>', "<ann@example.com>", "ann@example.com\n", "\ufeffann@example.com", "\u00a0ann@example.com\u200b"],
)  # fmt: skip
def test_an_e_mail_address_however_it_was_copied(text):
    assert contact_key(EMAIL, text, None) == "ann@example.com"
    assert "ann@example.com" in contact_keys(EMAIL, text, None)


def test_a_domain_of_another_script_has_one_key():
    assert contact_key(EMAIL, "ann@Müller.de", None) == contact_key(EMAIL, "ann@xn--mller-kva.de", None)


@pytest.mark.parametrize(
    "text",
    ["ann", "@example.com", "a@b@c.de", "ann@example.com, bob@example.com", "", "x" * 400 + "@example.com", "<>"],
)
def test_what_is_no_address_has_no_key(text):
    assert contact_key(EMAIL, text, None) is None


@pytest.mark.parametrize(
    "text",
    ["+4915112345678", "0049 151 12345678", "+49 (0)151 1234-5678", "0151/12345678", "0151 1234 5678", "tel:+49-151-12345678",
     "\u202a+49 151 12345678\u202c", "(0151) 12 34 56 78"],
)  # fmt: skip
def test_a_phone_number_however_it_is_spelled(text):
    for dial_code in ("49", "+49", "0049", "de"):
        assert contact_key(SMS, text, dial_code) == "+4915112345678"


def test_a_number_without_a_code_is_none_where_the_project_has_none():
    assert contact_key(SMS, "0151 12345678", None) is None
    assert contact_key(SMS, "00 49 151 12345678", None) == "+4915112345678"
    assert contact_key(SMS, "415 555 2671", "1") == "+14155552671"
    assert contact_key(SMS, "06 698 12345", "39") == "+390669812345"  # Italy keeps its zero


@pytest.mark.parametrize("text", ["ann@example.com", "0800-FLOWERS", "+", "1", "", "1+1", "+" * 300])
def test_what_is_no_number_has_no_key(text):
    assert contact_key(SMS, text, "49") is None


def test_numbers_that_stand_on_the_list_as_they_were_typed_stay_in_force():
    for old in ("0151 12345678", "015112345678", "15112345678", "+4915112345678"):
        assert old in contact_keys(SMS, "0151 12345678", "49") + contact_keys(SMS, "+49 151 12345678", "49")


def test_a_number_with_a_code_that_no_country_has_is_compared_by_its_digits():
    assert contact_key(SMS, "+1", None) == contact_key(SMS, " + 1 ", "49") == "+1"
    assert contact_key(SMS, "+999 12-34", None) == "+9991234"
    assert "+1" in contact_keys(SMS, "+1", "49")


def test_countries():
    assert [region_of(text) for text in ("48", "PL", "+1", "1000", "XX", "", None, "٤٩")] == [
        "PL",
        "PL",
        "US",
        None,
        None,
        None,
        None,
        None,
    ]
    assert calling_code("pl") == "48"


@given(st.text(max_size=400) | st.text("+0123456789()-. ", max_size=20), st.sampled_from([None, "49", "1", "x"]))
def test_any_text_has_keys_or_none_and_never_fails(text, dial_code):
    for channel in (EMAIL, SMS):
        key = contact_key(channel, text, dial_code)
        if key is not None:
            assert key in contact_keys(channel, text, dial_code)
            assert contact_key(channel, key, dial_code) == key
