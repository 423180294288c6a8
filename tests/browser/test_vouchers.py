"""Vouchers: searched, made, looked at, switched, deleted."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Person

pytestmark = pytest.mark.slow


def test_a_code_is_found_by_any_part_and_shows_everything(person: Person) -> None:
    person.go("/vouchers")
    person.says("No vouchers yet")
    person.look("vouchers-empty")
    person.campaign("Autumn", 30)
    published = person.publish("Autumn", source_id="erlich", name="Erlich Bachman", email="erlich@bachmanity.com")
    code = published["voucher"]["code"]
    page = person.go("/vouchers")
    expect(page.get_by_text("1–25 of 30")).to_be_visible()
    person.look("vouchers")
    page.get_by_label("Any part of the code").fill(code[4:9])
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_text("1–1 of 1")).to_be_visible()
    page.get_by_role("link", name=code).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(code)
    expect(page.get_by_text("Erlich Bachman").first).to_be_visible()
    # Who made it and who published it, and through which key.
    timeline = page.locator(".timeline")
    expect(timeline.get_by_text("Published")).to_be_visible()
    expect(timeline.get_by_text(re.compile("by server key")).first).to_be_visible()
    expect(timeline.get_by_text("Its campaign was made")).to_be_visible()
    for picture in page.locator(".pictures img").all():
        picture.scroll_into_view_if_needed()
        assert person.page.request.get(person.base + str(picture.get_attribute("src"))).ok
    person.look("voucher")
    person.go("/vouchers?q=nothing-like-it")
    person.says("No code has “nothing-like-it” in it")


def test_a_gift_card_is_made_by_hand_and_its_balance_changed(person: Person) -> None:
    page = person.go("/vouchers/new")
    page.get_by_label("Code", exact=True).fill("GIFT-1")
    page.get_by_label("Gift card credits to spend").check()
    page.get_by_label("Gift card: credits").fill("a lot")
    page.get_by_role("button", name="Make the voucher").click()
    person.says("Must be a number.")
    expect(page.get_by_label("Code", exact=True)).to_have_value("GIFT-1")  # what was typed is kept
    person.look("voucher-refused")
    page.get_by_label("Gift card: credits").fill("25.50")
    page.get_by_role("button", name="Make the voucher").click()
    person.says("The code GIFT-1 is there.")
    person.says("25.50 in credits, 25.50 left")
    page.get_by_label("Add").fill("-5")
    page.get_by_label("Reason").fill("a refund <b>too many</b>")
    page.get_by_role("button", name="Change the balance").click()
    person.says("25.50 in credits, 20.50 left")
    person.says("a refund <b>too many</b>")
    page.get_by_label("Add").fill("-500")
    page.get_by_role("button", name="Change the balance").click()
    person.says("No more than 20.50 can be taken away.")
    person.look("voucher-gift")
    page.get_by_role("button", name="Disable").click()
    person.says("GIFT-1 is disabled.")
    page.get_by_role("button", name="Enable").click()
    person.says("GIFT-1 is enabled.")
    timeline = page.locator(".timeline")
    expect(timeline.get_by_text("by marketer@example.com").first).to_be_visible()
    page.get_by_role("link", name="Delete GIFT-1").click()
    page.get_by_label("Type the code to confirm").fill("GIFT")
    page.get_by_role("button", name="Delete").click()
    person.says("Type it as it is written: GIFT-1")
    person.look("voucher-delete")
    page.get_by_label("Type the code to confirm").fill("GIFT-1")
    page.get_by_role("button", name="Delete").click()
    person.says("GIFT-1 was deleted.")
