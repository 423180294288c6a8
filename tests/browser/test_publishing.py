"""One code to one customer, by hand."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Person

pytestmark = pytest.mark.slow


def test_a_code_goes_to_a_customer_and_a_repetition_is_one(person: Person) -> None:
    made = person.campaign("Spring", 5)
    page = person.go(f"/publish?campaign={made['id']}")
    expect(page.get_by_label("A random one of the campaign")).to_have_value("Spring")
    person.look("publish")
    page.get_by_role("button", name="Publish").click()
    person.says("Nothing was published.")
    person.says("Say who gets it")
    person.look("publish-refused")

    def fill() -> None:
        page.get_by_label("E-mail").fill("erlich@bachmanity.com")
        page.get_by_label("Name", exact=True).fill("Erlich Bachman")
        page.get_by_label("Source id What").or_(page.get_by_label("Source id", exact=True)).first.fill("erlich")
        if not page.get_by_label("Source id of the publication").is_visible():
            page.get_by_text("Source id of the publication, metadata").click()
        page.get_by_label("Source id of the publication").fill("order-4711")
        page.get_by_label("Metadata of the publication").fill("shop = Palo Alto")
        page.get_by_role("button", name="Publish").click()

    fill()
    person.says("Erlich Bachman has this code now, and nobody else gets it.")
    code = page.locator(".copy code").inner_text()
    if person.device.scripts:
        expect(page.get_by_role("button", name="Copy")).to_be_visible()
    person.look("published")
    page.get_by_role("link", name="Publish another").click()
    fill()
    person.says("This source id already has this code: nothing new was published.")
    expect(page.locator(".copy code")).to_have_text(code)
    person.look("published-before")
    found = person.call("GET", "/v1/publications")
    assert found["total"] == 1
    assert found["publications"][0]["channel"] == "voucherify-web-ui"
