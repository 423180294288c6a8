"""What a column probably is, by its heading: as spreadsheets, shops and CRMs name them."""

from collections.abc import Sequence
from typing import Any, Final

from largesse.domain.customers import ID_PREFIX
from largesse.wire.tables import canonical

_CUSTOMERS: Final = {
    "source_id": """
        source id, sourceid, external id, externalid, customer id, customerid, customer number, customer no,
        client id, client number, contact id, user id, userid, member id, member number, crm id, account id,
        record id, reference, kundennummer, kunden nr, kundennr, kunden id, numéro client, número de cliente
    """,
    "email": """
        email address, e mail, e mail address, mail, mail address, primary email, email 1, e mail 1 value,
        contact email, customer email, email adresse, e mail adresse, emailadresse, courriel, adresse e
        mail, adresse email, correo, correo electrónico, indirizzo email
    """,
    "phone": """
        phone number, phonenumber, telephone, telephone number, tel, mobile, mobile phone, mobile number,
        mobile phone number, cell, cell phone, phone 1 value, primary phone, telefon, telefonnummer, handy,
        mobil, mobilnummer, handynummer, téléphone, teléfono, telefono, numéro de téléphone
    """,
    "name": """
        full name, fullname, customer name, display name, contact name, client name, contact, kunde,
        kundenname, vollständiger name, nom complet, nombre completo, nome completo
    """,
    "birthdate": """
        birthday, birth date, date of birth, dob, geburtsdatum, geburtstag, date de naissance, fecha de
        nacimiento, data di nascita
    """,
    "description": """
        notes, note, comment, comments, remarks, notizen, bemerkung
    """,
    "address_line_1": """
        street, street address, address, address 1, address1, mailing street, billing street, straße,
        strasse, adresse, rue, calle, via
    """,
    "address_line_2": """
        address 2, address2, street 2, adresszusatz
    """,
    "address_city": """
        city, town, mailing city, billing city, ort, stadt, ville, ciudad, città
    """,
    "address_state": """
        state, province, region, state/province, state/region, bundesland, county
    """,
    "address_country": """
        country, country/region, mailing country, land, pays, país, paese
    """,
    "address_postal_code": """
        postal code, postalcode, postcode, post code, zip, zip code, zipcode, zip/postal code, plz,
        postleitzahl, code postal, código postal, cap
    """,
}
_VOUCHERS: Final = {
    "code": """
        codes, voucher, voucher code, vouchercode, coupon, coupon code, couponcode, promo code, promocode,
        promotion code, discount code, gift card code, gift card number, card number, gutschein,
        gutscheincode, gutschein code, rabattcode, code promo, código, codice
    """,
    "voucher type": """
        type, kind
    """,
    "value": """
        discount value, wert
    """,
    "gift amount": """
        balance, credits, gift balance, guthaben
    """,
    "loyalty points": """
        points, punkte
    """,
    "start date": """
        valid from, starts, starts at, startdate, active from, gültig ab
    """,
    "expiration date": """
        expiration, expiry, expiry date, expires, expires at, expires on, expirationdate, valid until, valid
        to, end date, ablaufdatum, gültig bis
    """,
    "redemption limit": """
        usage limit, max redemptions, max uses, redemptions, limit
    """,
    "redeemed quantity": """
        used, uses, times used, times redeemed
    """,
    "active": """
        enabled, is active
    """,
    "category": """
        categories, group
    """,
    "additional info": """
        info, note, notes, description, comment
    """,
}


def guess(columns: Sequence[str], choices: Sequence[str], rows: Sequence[dict[str, Any]]) -> list[str]:
    """For each column one of `choices`, or "". Each is guessed once; an exact name goes before other ways to say it.

    `rows` tell an id of ours from that of another system.
    """
    names = [_plain(column) for column in columns]
    exact = {_plain(choice): choice for choice in choices}
    others = {
        _plain(word): choice
        for table in (_CUSTOMERS, _VOUCHERS)
        for choice, words in table.items()
        if choice in choices
        for word in words.split(",")
    }
    found = [exact.get(name, "") for name in names]
    for place, choice in enumerate(found):
        if choice == "id" and not _are_ours(rows, place):
            found[place] = "" if "source_id" in found else "source_id"
    for place, name in enumerate(names):
        choice = others.get(name, "")
        if not found[place] and choice and choice not in found:
            found[place] = choice
    return found


def _plain(name: str) -> str:
    return " ".join(canonical(name).replace("-", " ").replace(".", " ").replace("\u00df", "ss").split())


def _are_ours(rows: Sequence[dict[str, Any]], place: int) -> bool:
    said = [row["cells"][place].strip() for row in rows if "cells" in row and row["cells"][place].strip()]
    return all(cell.startswith(ID_PREFIX) for cell in said)
