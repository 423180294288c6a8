"""Customers: added, searched, looked at, changed, deleted."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Person

pytestmark = pytest.mark.slow


def test_a_customer_from_first_to_last(person: Person) -> None:
    page = person.go("/customers")
    person.says("No customers yet")
    person.look("customers-empty")
    page.get_by_role("link", name="New customer").first.click()
    page.get_by_label("Name").fill("Richard Hendricks")
    page.get_by_label("Birthday").fill("yesterday")
    page.get_by_label("Metadata").fill("tier gold")
    page.get_by_role("button", name="Add the customer").click()
    person.says("Write key = value")
    expect(page.get_by_label("Name")).to_have_value("Richard Hendricks")
    page.get_by_label("Metadata").fill("tier = gold\nvisits = 7")
    page.get_by_role("button", name="Add the customer").click()
    person.says("Must be a date, like 2030-12-31.")
    person.look("customer-refused")
    page.get_by_label("Birthday").fill("1990-05-01")
    page.get_by_label("Source id").fill("12344")
    page.get_by_label("E-mail").fill("richard@piedpiper.com")
    page.get_by_role("button", name="Add the customer").click()
    person.says("The customer is there.")
    person.says("richard@piedpiper.com")
    person.campaign("Spring", 10)
    code = person.publish("Spring", source_id="12344")["voucher"]["code"]
    page.reload()
    expect(page.get_by_role("row", name=code)).to_be_visible()
    expect(page.locator(".timeline")).to_contain_text("Got a code")
    expect(page.locator(".timeline")).to_contain_text("Customer made")
    person.look("customer")
    page.get_by_role("link", name="Edit").click()
    expect(page.get_by_label("Metadata")).to_have_value("tier = gold\nvisits = 7")
    page.get_by_label("Phone").fill("+48 600 123 456")
    page.get_by_role("button", name="Save").click()
    person.says("+48 600 123 456")
    page.goto(f"{person.base}/app/{person.project}/customers?q=hendr")
    expect(page.get_by_text("1–1 of 1")).to_be_visible()
    person.look("customers")
    page.get_by_role("link", name="Richard Hendricks").click()
    page.get_by_role("link", name="Delete Richard Hendricks").click()
    person.look("customer-delete")
    page.get_by_label("Type the name to confirm").fill("Richard Hendricks")
    page.get_by_role("button", name="Delete").click()
    person.says("The customer was deleted.")
