"""The publication history of a project, and its filters."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Person

pytestmark = pytest.mark.slow


def test_the_history_is_narrowed_ordered_and_turned_over(person: Person) -> None:
    page = person.go("/publications")
    person.says("No code has been published yet")
    person.look("publications-empty")
    person.campaign("Summer", 40)
    for number in range(30):
        body = {
            "campaign": {"name": "Summer"},
            "customer": {"source_id": f"customer-{number % 7}", "name": f"Customer {number % 7}"},
            "channel": "newsletter" if number % 3 else "API",
            "metadata": {"shop": "Gdynia" if number % 2 else "Sopot"},
        }
        person.call("POST", "/v1/publications", body)
    person.go("/publications")
    person.says("1–25 of 30")
    person.look("publications")
    page.get_by_role("link", name="Next").click()
    expect(page.locator("tbody tr")).to_have_count(5)
    page.get_by_label("Channel", exact=True).fill("newsletter")
    page.get_by_label("Customer (id, source id)").fill("customer-3")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("tbody tr")).to_have_count(2)
    page.get_by_text("More filters").click()
    page.get_by_label("Metadata: key").fill("shop")
    page.get_by_label("Metadata: value").fill("Gdynia")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    person.look("publications-narrowed")
    page.get_by_role("link", name="Clear the filters").click()
    page.get_by_label("Order").select_option("created_at")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("tbody tr").first).to_contain_text("Customer 0")
    page.get_by_label("From (day)").fill("2020-01-01")
    page.get_by_label("To (day)").fill("2020-01-02")
    page.get_by_role("button", name="Show").click()
    person.says("No publication is like that")
