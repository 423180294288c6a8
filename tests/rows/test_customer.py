"""Sections 3 and 7: the customer of a publication."""

import re
from typing import Any

import pytest

from tests.rows.engine import Engine, P, fresh

PROFILE: list[Any] = [
    pytest.param("name", "Ada Lovelace", "Ada King", marks=pytest.mark.row("A028")),
    pytest.param("description", "counts", "computes", marks=pytest.mark.row("A029")),
    pytest.param("email", "ada@example.com", "king@example.com", marks=pytest.mark.row("A030")),
    pytest.param("phone", "+44 20 7946 0000", "+44 20 7946 0001", marks=pytest.mark.row("A031")),
    pytest.param("birthday", "1815-12-10", "1815-12-11", marks=pytest.mark.row("A032")),
    pytest.param("birthdate", "1815-12-10", "1815-12-11", marks=pytest.mark.row("A033")),
    pytest.param("metadata", {"tier": "gold"}, {"tier": "silver"}, marks=pytest.mark.row("A034")),
    pytest.param("address", {"city": "London"}, {"city": "Paris"}, marks=pytest.mark.row("A035")),
]


@pytest.mark.row("A023")
def test_an_existing_customer_as_a_bare_id(engine: Engine) -> None:
    customer = engine.customer()
    assert engine.publish(voucher=engine.voucher(), customer=customer)["customer_id"] == customer
    error = engine.publish_refused("not_found", status=404, voucher=engine.voucher(), customer="cust_" + "x" * 24)
    assert error["resource_type"] == "customer"


@pytest.mark.row("A024", "A053")
def test_a_new_customer_from_an_inline_object(engine: Engine) -> None:
    inline = {"email": "erlich@bachmanity.com", "name": "Erlich Bachman"}
    publication = engine.publish(voucher=engine.voucher(), customer=inline)
    assert re.fullmatch("cust_[A-Za-z0-9]{24}", publication["customer_id"])
    assert publication["tracking_id"] is None
    assert inline.items() <= engine.get(f"/v1/customers/{publication['customer_id']}").items()


@pytest.mark.row("A025")
def test_an_object_with_the_id_of_an_existing_customer(engine: Engine) -> None:
    customer = engine.customer(name="Before")
    sent = {"id": customer, "name": "After"}
    assert engine.publish(voucher=engine.voucher(), customer=sent)["customer_id"] == customer
    assert engine.get(f"/v1/customers/{customer}")["name"] == "After"


@pytest.mark.row("A026", "A053")
def test_the_callers_own_id_makes_one_customer(engine: Engine) -> None:
    source_id = fresh("crm")
    first = engine.publish(voucher=engine.voucher(), customer={"source_id": source_id})
    again = engine.publish(voucher=engine.voucher(), customer={"source_id": source_id})
    assert first["customer_id"] == again["customer_id"]
    assert first["tracking_id"] == source_id


@pytest.mark.row("A027")
def test_an_id_beats_a_source_id(engine: Engine) -> None:
    customer, other = engine.customer(), fresh("other")
    before = engine.get(f"/v1/customers/{customer}")["source_id"]
    publication = engine.publish(voucher=engine.voucher(), customer={"id": customer, "source_id": other})
    assert publication["customer_id"] == customer
    assert engine.get(f"/v1/customers/{customer}")["source_id"] == before
    engine.refused(404, "not_found", "GET", f"/v1/customers/{other}")


@pytest.mark.parametrize(("field", "first", "second"), PROFILE)
def test_a_profile_field_is_kept_and_updated(engine: Engine, field: str, first: Any, second: Any) -> None:
    source_id = fresh("profile")
    kept = {"description": "stays"} if field == "name" else {"name": "Stays"}

    def publish(customer: dict[str, Any]) -> dict[str, Any]:
        engine.publish(voucher=engine.voucher(), customer={"source_id": source_id, **customer})
        shown: dict[str, Any] = engine.get(f"/v1/customers/{source_id}")
        return shown

    shown = publish({field: first, **kept})
    assert {field: first, **kept}.items() <= shown.items()
    assert {field: second, **kept}.items() <= publish({field: second}).items()
    assert {field: second, **kept}.items() <= publish({}).items()


@pytest.mark.row("A032", "A033")
@pytest.mark.parametrize("field", ["birthday", "birthdate"])
def test_a_date_in_another_notation_is_refused(engine: Engine, field: str) -> None:
    customer = {"source_id": fresh("born"), field: "12/01/1990"}
    engine.publish_refused("invalid_payload", voucher=engine.voucher(), customer=customer)
    engine.refused(404, "not_found", "GET", f"/v1/customers/{customer['source_id']}")


@pytest.mark.row("A035", "A105")
def test_every_field_of_a_customer_comes_back(engine: Engine) -> None:
    parts = ("city", "state", "line_1", "line_2", "country", "postal_code")
    profile = {
        "source_id": fresh("all"), "name": "N", "description": "D", "email": "e@example.com", "phone": "1",
        "birthday": "1990-01-12", "birthdate": "1990-01-13", "address": {part: part for part in parts},
        "metadata": {"a": 1, "b": ["x"], "c": True},
    }  # fmt: skip
    customer_id = engine.publish(voucher=engine.voucher(), customer=profile)["customer_id"]
    assert profile.items() <= engine.get(f"/v1/customers/{customer_id}").items()


@pytest.mark.row("A104")
def test_the_engines_own_fields_of_a_customer(engine: Engine) -> None:
    shown = engine.get(f"/v1/customers/{engine.customer()}")
    assert shown["object"] == "customer"
    assert shown["system_metadata"] == {}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", shown["created_at"])
    assert shown.get("updated_at") is None
    engine.call("PUT", f"/v1/customers/{shown['id']}", {"name": "New"})
    assert engine.get(f"/v1/customers/{shown['id']}")["updated_at"] >= shown["created_at"]


@pytest.mark.row("A037")
def test_a_customer_is_required(engine: Engine) -> None:
    engine.publish_refused("invalid_payload", voucher=engine.voucher())


@pytest.mark.row("A187")
def test_customers_are_made_and_read(engine: Engine) -> None:
    made = engine.post("/v1/customers", {"source_id": fresh("read"), "name": "N"})
    assert engine.get(f"/v1/customers/{made['id']}")["name"] == "N"
    assert engine.get(f"/v1/customers/{made['source_id']}")["id"] == made["id"]


@pytest.mark.row("A125")
def test_the_list_says_which_customer_got_which_code(engine: Engine) -> None:
    code, customer = engine.voucher(), engine.customer()
    engine.publish(voucher=code, customer=customer)
    (entry,) = engine.get(P, customer=customer)["publications"]
    assert (entry["customer_id"], entry["customer"]["id"], entry["voucher"]["code"]) == (customer, customer, code)
