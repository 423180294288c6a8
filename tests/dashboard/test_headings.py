"""Headings as other programs write them lead to what they mean."""

import pytest

from largesse.dashboard.headings import guess
from largesse.wire.imports import CAMPAIGN_COLUMNS, CUSTOMER_COLUMNS, VOUCHER_COLUMNS


def row(*cells: str) -> dict[str, object]:
    return {"row": 1, "line": 2, "cells": list(cells)}


@pytest.mark.parametrize(
    ("columns", "meant"),
    [
        (["Customer ID", "E-Mail", "Full Name", "Mobile Phone"], ["source_id", "email", "name", "phone"]),
        (["Kundennummer", "E-Mail-Adresse", "Telefon", "PLZ", "Ort", "Straße"],
         ["source_id", "email", "phone", "address_postal_code", "address_city", "address_line_1"]),
        (["external_id", "Email Address", "Date of Birth", "Zip Code", "Favourite"],
         ["source_id", "email", "birthdate", "address_postal_code", ""]),
        (["Email", "E-mail 1 - Value"], ["email", ""]),
        (["Mail", "Email"], ["", "email"]),
    ],
)  # fmt: skip
def test_of_customers(columns, meant):
    assert guess(columns, CUSTOMER_COLUMNS, []) == meant


def test_an_id_of_another_system_is_a_source_id():
    assert guess(["ID", "Name"], CUSTOMER_COLUMNS, [row("17", "Ann")]) == ["source_id", "name"]
    assert guess(["Id", "Source_id"], CUSTOMER_COLUMNS, [row("17", "a")]) == ["", "source_id"]
    assert guess(["Id", "Name"], CUSTOMER_COLUMNS, [row("cust_1", "Ann"), row("", "Bob")]) == ["id", "name"]


def test_of_vouchers():
    assert guess(["Coupon Code", "Type", "Valid until", "Value"], VOUCHER_COLUMNS, []) == [
        "code",
        "voucher type",
        "expiration date",
        "value",
    ]
    assert guess(["Gutscheincode", "Guthaben", "Note"], CAMPAIGN_COLUMNS, []) == ["code", "gift amount", ""]
