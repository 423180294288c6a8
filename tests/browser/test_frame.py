"""Signing in, the first page, one's account, users: what surrounds all other pages."""

import re

import pytest
from playwright.sync_api import expect

from tests.acceptance.server import wait_until
from tests.browser.conftest import EMAIL, PASSWORD, Person

pytestmark = pytest.mark.slow


def test_signing_in_and_out(visitor: Person) -> None:
    page = visitor.page
    page.goto(visitor.base + "/app/users")
    expect(page).to_have_title(re.compile("Sign in"))
    visitor.look("sign-in")
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    visitor.says("That address and password don't belong together.")
    expect(page.get_by_label("E-mail")).to_have_value(EMAIL)
    visitor.look("sign-in-refused")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Users")).to_be_visible()  # where he wanted to go
    visitor.look("users")
    page.get_by_text(EMAIL).first.click()
    page.get_by_role("button", name="Sign out").click()
    visitor.says("You are signed out.")
    page.goto(visitor.base + "/app/users")
    expect(page).to_have_title(re.compile("Sign in"))


def test_the_first_page_shows_what_went_out(person: Person) -> None:
    person.go()
    person.says("No code has been published yet")
    person.look("home-empty")
    person.campaign("Summer", 20)
    for number in range(3):
        person.publish("Summer", source_id=f"customer-{number}", name=f"Customer {number}")
    # The counts are a second behind what they count.
    assert wait_until(
        lambda: person.go("?span=today").get_by_role("row", name=re.compile("Summer 3 0")).count() > 0, 20
    )
    page = person.go("?span=7")
    expect(page.locator("dl.figures div", has_text="Published").locator("dd")).to_have_text("3")
    expect(page.get_by_role("row", name=re.compile("API.*3")).first).to_be_visible()
    person.says("Customer 2")
    person.look("home")
    person.go("?span=90")
    person.look("home-90")


def test_somebody_is_let_in_and_out(person: Person) -> None:
    page = person.page
    address = f"{person.device.name}@example.com"
    page.goto(person.base + "/app/users/new")
    page.get_by_label("E-mail").fill("nobody")
    page.get_by_role("button", name="Add").click()
    person.says("Must be an e-mail address.")
    person.look("user-refused")
    page.get_by_label("E-mail").fill(address)
    page.get_by_role("button", name="Add").click()
    person.says(f"{address} can sign in now.")
    page.get_by_role("link", name=address).click()
    page.get_by_label("May sign in").uncheck()
    page.get_by_role("button", name="Save").click()
    person.says("let in no more")
    page.goto(person.base + "/app/account")
    person.look("account")


def test_a_page_that_is_not_there(person: Person) -> None:
    person.go("/nothing")
    person.says("There is no such page")
    person.look("not-found")
