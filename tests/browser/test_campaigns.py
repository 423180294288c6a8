"""Campaigns: made with a summary in between, looked at, changed, deleted."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Person

pytestmark = pytest.mark.slow


@pytest.mark.timeout(240)
def test_a_campaign_from_its_kind_to_its_codes(person: Person) -> None:
    page = person.go("/campaigns")
    person.says("No campaigns yet")
    person.look("campaigns-empty")
    page.get_by_role("link", name="New campaign").first.click()
    person.look("campaign-kinds")
    page.get_by_role("link", name="Discount coupons").click()
    person.look("campaign-form")
    page.get_by_role("button", name="Review").click()
    person.says("Give it a name.")
    person.look("campaign-form-refused")
    page.get_by_label("Name").fill("Summer sale")
    page.get_by_label("What it is for").fill("Everybody who waited for the sun")
    page.get_by_label("Amount off").check()
    page.get_by_label("Amount", exact=True).fill("5.50")
    page.get_by_label("How many codes").fill("3000")
    page.get_by_label("Begins with").fill("SUN-")
    page.get_by_label("Days after it was published").fill("30")
    page.get_by_label("One code a customer").check()
    if person.device.scripts:
        expect(page.locator("#examples")).to_contain_text("SUN-")
    else:
        page.get_by_role("button", name="Show examples").click()
        expect(page.locator("#examples")).to_contain_text("SUN-")
        expect(page.get_by_label("Name")).to_have_value("Summer sale")
    person.says("different codes are possible")
    person.look("campaign-form-filled")
    page.get_by_role("button", name="Review").click()
    person.says("Is this right?")
    person.says("5.50 off, the whole order")
    person.look("campaign-summary")
    page.get_by_role("button", name="Back").click()
    expect(page.get_by_label("Begins with")).to_have_value("SUN-")
    page.get_by_role("button", name="Review").click()
    page.get_by_role("button", name="Create").click()
    person.says("Summer sale is there. Its 3,000 codes are being made.")
    person.look("campaign-new")
    person.comes(page.get_by_text("3,000 free"))
    page.get_by_role("link", name="Vouchers").last.click()
    expect(page.locator("tbody tr")).to_have_count(25)
    expect(page.locator("tbody code").first).to_have_text(re.compile("^SUN-[A-Z2-9]{10}$"))
    person.look("campaign-vouchers")


def test_the_history_of_a_campaign(person: Person) -> None:
    made = person.campaign("Autumn", 40)
    for number in range(4):
        person.publish("Autumn", source_id=f"customer-{number}", name=f"Customer {number}")
    body = {"campaign": {"name": "Autumn", "count": 5}, "customer": {"source_id": "many"}, "channel": "newsletter"}
    person.call("POST", "/v1/publications", body)
    code = person.call("GET", "/v1/publications?result=SUCCESS")["publications"][-1]["voucher"]["code"]
    refused = {"voucher": code, "customer": {"source_id": "late"}}
    person.page.request.post(person.base + "/v1/publications", headers=person.key, data=refused)
    page = person.go("/campaigns")
    expect(page.get_by_role("row", name=re.compile("Autumn.*31.*9.*40"))).to_be_visible()
    person.look("campaigns")
    page.get_by_label("Any part of the name").fill("tum")
    page.get_by_role("button", name="Show").click()
    page.get_by_role("link", name="Autumn").click()
    person.says("31 free")
    person.says("Voucher already published")
    expect(page.locator("tbody tr")).to_have_count(6)
    person.look("campaign")
    page.get_by_label("Channel", exact=True).fill("newsletter")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody tr code")).to_have_count(5)
    expect(page.get_by_label("Channel", exact=True)).to_have_value("newsletter")
    assert "channel=newsletter" in page.url
    page.get_by_role("link", name="Distributions").last.click()
    person.says("No distribution uses this campaign")
    person.look("campaign-distributions")
    assert page.url.endswith(f"/campaigns/{made['id']}/distributions")


def test_settings_and_the_end_of_a_campaign(person: Person) -> None:
    made = person.campaign("Winter", 10)
    page = person.go(f"/campaigns/{made['id']}/settings")
    person.look("campaign-settings")
    page.get_by_label("What it is for").fill("Cold days")
    page.get_by_label("Tell me when").fill("0")
    page.get_by_role("button", name="Save").click()
    person.says("Must be at least 1.")
    expect(page.get_by_label("What it is for")).to_have_value("Cold days")
    page.get_by_label("Tell me when").fill("7")
    page.get_by_role("button", name="Save").click()
    person.says("Saved.")
    page.get_by_label("How many more").fill("15")
    page.get_by_role("button", name="Add them").click()
    person.says("15 more codes are being made.")
    page.get_by_role("button", name="Disable").click()
    person.says("Winter is disabled now.")
    person.go(f"/campaigns/{made['id']}/settings")
    page.get_by_role("link", name="Delete Winter").click()
    page.get_by_role("button", name="Delete").click()
    person.says("Type it as it is written: Winter")
    person.look("campaign-delete")
    page.get_by_label("Type the campaign's name").fill("Winter")
    page.get_by_role("button", name="Delete").click()
    person.says("Winter is in the bin.")
    person.says("No campaigns yet")
