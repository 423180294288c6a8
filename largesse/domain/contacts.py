"""Addresses and phone numbers as they are compared: customers' and those of the suppression list by the same rules."""

import re
import unicodedata
from email.utils import parseaddr
from typing import Final
from urllib.parse import unquote

import phonenumbers
from email_validator import EmailNotValidError, validate_email

LENGTH_MAX: Final = 320
"""Nothing longer is an address or a number, and nothing longer is parsed."""
EMAIL: Final = "email"
SMS: Final = "sms"
LOCAL_MAX: Final = 64
DOMAIN_MAX: Final = 255
_LOCAL: Final = r"[!#$%&'*+./0-9=?A-Z^_`a-z{|}~-]"
_DOMAIN: Final = "[A-Za-z0-9.-]"
ADDRESSES: Final = f"^{_LOCAL}+@{_DOMAIN}+$"
UNCLEAR_ADDRESSES: Final = f"^{_LOCAL}+@[^@]+$"
"""For the database, which counts those who can be reached: what mail is sent to, and what may be, for its domain isn't
ASCII. Without the lengths: a bounded repetition takes it forty times longer.
"""
_ADDRESS: Final = re.compile(f"{_LOCAL}{{1,{LOCAL_MAX}}}@{_DOMAIN}{{1,{DOMAIN_MAX}}}", re.ASCII)
_FOLD: Final = {ord(upper): ord(upper.lower()) for upper in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
_MAILTO: Final = "mailto:"
_TEL: Final = "tel:"
_LETTER: Final = re.compile("[A-Za-z]")
_INTERNATIONAL: Final = re.compile(r"\+[1-9]\d{0,14}", re.ASCII)
_NO_DIGIT: Final = re.compile(r"[^0-9+]", re.ASCII)


def contact_key(channel: str, text: str, dial_code: str | None) -> str | None:
    """What all spellings of one address have in common: `ann@example.com`, `+4915112345678`; None for what is none.

    `dial_code`: the project's own, for numbers without one: `49`, `+49` or `DE`.
    """
    if len(text) > LENGTH_MAX:
        return None
    text = _visible(text)
    return _email_key(text) if channel == EMAIL else _phone_key(text, dial_code)


def mail_address(text: str | None) -> str | None:
    """Where mail for the address goes, its domain in ASCII; None where none can be sent, as far as can be seen.

    No header and no second recipient hides in one. The part before the @ must be ASCII: few servers take another one.
    """
    if not text or len(text) > LENGTH_MAX:
        return None
    if not text.isascii():
        local, _, domain = text.rpartition("@")
        ascii_domain = _ascii_domain(domain)
        if not local.isascii() or ascii_domain is None:
            return None
        text = f"{local}@{ascii_domain}"
    return text if _ADDRESS.fullmatch(text) else None


def _ascii_domain(domain: str) -> str | None:
    """`xn--bcher-kva.example` for `bücher.example`."""
    try:
        return validate_email(
            f"x@{domain}", check_deliverability=False, test_environment=True, globally_deliverable=False
        ).ascii_domain
    except (EmailNotValidError, ValueError):
        return None


def contact_keys(channel: str, text: str, dial_code: str | None) -> list[str]:
    """All under which an address may stand in the suppression list: rows from before there was a key stay in force."""
    keys = {folded(text), folded(text.strip())}
    if (key := contact_key(channel, text, dial_code)) is not None:
        keys.add(key)
    if channel == SMS and len(text) <= LENGTH_MAX:
        keys.add(_NO_DIGIT.sub("", text.replace("(0)", "")))
        keys |= _national(key, dial_code)
    return sorted(keys - {""})


def calling_code(dial_code: str | None) -> str | None:
    """`49` for what `region_of` knows."""
    region = region_of(dial_code)
    return None if region is None else str(phonenumbers.country_code_for_region(region))


def _visible(text: str) -> str:
    """Without outer spaces, and without the marks of direction that phones put around a number that is copied."""
    return "".join(letter for letter in text if unicodedata.category(letter) != "Cf").strip()


def folded(text: str) -> str:
    """A to Z to a to z and nothing else, as the database does it."""
    return text.translate(_FOLD)


def _email_key(text: str) -> str | None:
    """Of an address, a link to one, or one with a name as mail programs copy it."""
    if text[: len(_MAILTO)].lower() == _MAILTO:
        text = unquote(text[len(_MAILTO) :].partition("?")[0]).strip()
    if "<" in text:
        text = parseaddr(text)[1]
    try:
        known = validate_email(
            text, check_deliverability=False, strict=True, test_environment=True, globally_deliverable=False
        )
    except (EmailNotValidError, ValueError):
        return None
    return folded(f"{known.local_part}@{known.ascii_domain}")


def _phone_key(text: str, dial_code: str | None) -> str | None:
    """In E.164; with a country's code also what is no possible number, so that a short or new one is compared too."""
    number = _parsed(text, dial_code)
    if number is None or not phonenumbers.is_possible_number(number):
        digits = _NO_DIGIT.sub("", text)
        return digits if _INTERNATIONAL.fullmatch(digits) and not _LETTER.search(text) else None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _parsed(text: str, dial_code: str | None) -> phonenumbers.PhoneNumber | None:
    if text[: len(_TEL)].lower() == _TEL:
        text = text[len(_TEL) :]
    if _LETTER.search(text):  # 0800-FLOWERS is a number to the library: an id or a word is none to us
        return None
    region = region_of(dial_code)
    if region is None and text.startswith("00"):
        text = "+" + text[2:]
    try:
        return phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None


def _national(key: str | None, dial_code: str | None) -> set[str]:
    """A number of the project's own country as it is dialled there."""
    region = region_of(dial_code)
    if key is None or region is None:
        return set()
    number = _parsed(key, None)
    if number is None or number.country_code != phonenumbers.country_code_for_region(region):
        return set()
    spelled = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
    return {_NO_DIGIT.sub("", spelled), phonenumbers.national_significant_number(number)}


def region_of(dial_code: str | None) -> str | None:
    """`49`, `+49`, `0049` and `de` are DE; None for what is no country's."""
    text = (dial_code or "").strip().upper()
    if text in phonenumbers.SUPPORTED_REGIONS:
        return text
    digits = text.removeprefix("+").removeprefix("00")
    if not digits.isdecimal() or not digits.isascii() or len(digits) > 3:  # noqa: PLR2004  # as long as they are
        return None
    region = phonenumbers.region_code_for_country_code(int(digits))
    return region if region in phonenumbers.SUPPORTED_REGIONS else None
