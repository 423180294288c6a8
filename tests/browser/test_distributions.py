"""Distributions: built, looked at before anything is sent, stopped in time, sent, put right."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Person

pytestmark = pytest.mark.slow


def people(person: Person) -> None:
    person.call("POST", "/v1/customers", {"source_id": "ann", "name": "Ann", "email": "ann@example.com"})
    person.call("POST", "/v1/customers", {"source_id": "bob", "name": "Bob <b>Builder</b>", "email": "bob@example.com"})
    person.call("POST", "/v1/customers", {"source_id": "eve", "name": "Eve"})


def fill(person: Person, name: str, campaign: str) -> None:
    page = person.page
    page.get_by_label("Name", exact=False).first.fill(name)
    page.get_by_label("Campaign", exact=True).select_option(label=campaign)
    page.get_by_label("E-mail", exact=True).check()
    page.get_by_label("A file", exact=True).uncheck()
    page.get_by_label("From", exact=True).fill("shop@example.com")
    page.get_by_label("Subject").fill("A gift for {{ customer.name }}")
    page.get_by_label("Text", exact=True).first.fill("Your code:\n{{ voucher.code }}")


def test_it_is_looked_at_scheduled_and_stopped(person: Person) -> None:
    page = person.go("/distributions")
    person.says("No distributions yet")
    person.look("distributions-empty")
    person.campaign("Gifts", 1)
    people(person)
    page.get_by_role("link", name="New distribution").first.click()
    person.look("distribution-new")
    fill(person, "Gifts for all", "Gifts")
    page.get_by_label("From", exact=True).fill("nobody")
    page.get_by_role("button", name="Save the draft").click()
    expect(page.locator("#error-email_from")).to_contain_text("e-mail address")
    expect(page.get_by_label("Subject")).to_have_value("A gift for {{ customer.name }}")
    person.look("distribution-refused")
    page.get_by_label("From", exact=True).fill("shop@example.com")
    page.get_by_role("button", name="Save the draft").click()
    # The dry run stands in front of the button.
    person.says("What it would do")
    person.says("1 code is missing.")
    person.says("E-mail leaves out 1 (no email)")
    person.says("A gift for")
    assert person.call("GET", "/v1/publications")["total"] == 0
    person.look("distribution-tried")
    page.get_by_role("button", name="Send in 10 minutes").click()
    person.says("It begins in")
    if person.device.scripts:
        expect(page.locator("time[data-countdown]")).to_have_text(re.compile(r"^9:\d\d$"))
    person.look("distribution-scheduled")
    page.get_by_role("button", name="Stop").click()
    person.says("It is stopped.")
    page.get_by_role("link", name="Delete Gifts for all").click()
    page.get_by_label("Type its name to confirm").fill("Gifts for all")
    page.get_by_role("button", name="Delete").click()
    person.says("Gifts for all was deleted.")


def test_it_is_sent_and_what_failed_is_shown(person: Person) -> None:
    person.campaign("Files", 5)
    people(person)
    page = person.go("/distributions/new")
    page.get_by_label("Name", exact=False).first.fill("A file for all")
    page.get_by_label("Campaign", exact=True).select_option(label="Files")
    expect(page.get_by_label("A file", exact=True)).to_be_checked()  # this server has no mail server
    page.get_by_role("button", name="Save the draft").click()
    page.get_by_role("button", name="Send now").click()
    person.comes(page.locator("h1 .badge", has_text="done"), by_itself=False)
    expect(page.locator("dl.figures div", has_text="Reached").locator("dd")).to_have_text("3")
    expect(page.get_by_role("row").filter(has_text="Bob <b>Builder</b>").filter(has_text="accepted")).to_be_visible()
    person.look("distribution-done")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the file").click()
    assert len(download.value.path().read_text().splitlines()) == 4
    found = person.call("GET", "/v1/publications")["publications"]
    assert {one["channel"] for one in found} == {"Dashboard"}
    assert len({one["voucher"]["code"] for one in found}) == 3
    person.go("/distributions?status=DONE")
    person.look("distributions")


def test_an_automatic_one_is_set_live_and_answers(person: Person) -> None:
    page = person.go("/distributions/new")
    page.get_by_label("Name", exact=False).first.fill("Welcome")
    page.get_by_label("It begins").select_option("customer.created")
    page.get_by_label("Send a message").check()
    expect(page.get_by_label("A file", exact=True)).to_be_checked()  # this server has no mail server
    page.get_by_role("button", name="Save the draft").click()
    person.look("distribution-automatic")
    page.get_by_role("button", name="Set live").click()
    expect(page.locator("h1 .badge")).to_have_text("live")
    person.call("POST", "/v1/customers", {"source_id": "new", "name": "Newcomer"})
    person.comes(page.get_by_text("Newcomer"), by_itself=False)
    person.go()
    person.says("Distributions under way")
    expect(page.get_by_role("link", name="Welcome")).to_be_visible()
