"""Exports: said beforehand what they publish, looked at while they are made, downloaded."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Person

pytestmark = pytest.mark.slow


def finished(person: Person) -> None:
    person.comes(person.page.get_by_role("link", name=re.compile("^Download")))


def test_codes_leave_with_a_file_after_it_was_said_how_many(person: Person) -> None:
    page = person.go("/exports")
    person.says("Nothing has been exported yet")
    person.look("exports-empty")
    person.campaign("Printed", 12)
    person.publish("Printed", source_id="first")
    page.get_by_role("link", name="New export").first.click()
    person.look("export-kinds")
    page.get_by_role("link", name="Vouchers").last.click()
    page.get_by_label("Campaign").first.select_option(label="Printed")
    boxes = page.locator("input[name=fields]:checked")
    while boxes.count():
        boxes.first.uncheck()
    page.get_by_role("button", name="Go on").click()
    person.says("Choose at least one column.")
    expect(page.get_by_label("Campaign").first).not_to_have_value("")
    person.look("export-refused")
    page.get_by_label("Code", exact=True).check()
    page.get_by_label("Made from").fill("2020-01-01")
    page.get_by_role("button", name="Go on").click()
    person.says("11 free codes will be published")
    person.look("export-summary")
    page.get_by_role("button", name="Publish and export").click()
    finished(person)
    person.look("export")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download CSV").click()
    assert len(download.value.path().read_text().splitlines()) == 13
    assert person.call("GET", "/v1/publications?limit=1")["total"] == 12
    page = person.go("/exports")
    expect(page.get_by_role("row", name=re.compile("Vouchers.*done.*12.*marketer@example.com"))).to_be_visible()
    person.look("exports")
    shown = person.call("GET", "/v1/exports")["exports"][0]
    assert (shown["channel"], str(shown["user_id"])[:5]) == ("WEBSITE", "user_")


def test_the_publication_history_is_exported_without_publishing(person: Person) -> None:
    person.campaign("Quiet", 5)
    person.publish("Quiet", source_id="first")
    page = person.go("/exports/new?object=publication")
    page.get_by_label("Result").select_option("SUCCESS")
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_text("will be published")).to_have_count(0)
    page.get_by_role("button", name="Export", exact=True).click()
    finished(person)
    expect(page.locator("dl.facts")).to_contain_text("not published by it")
    page.get_by_role("link", name="Delete").click()
    page.get_by_label("Type what it is of, to confirm").fill("Vouchers")
    page.get_by_role("button", name="Delete").click()
    person.says("Type it as it is written: Publications")
    person.look("export-delete")
    page.get_by_label("Type what it is of, to confirm").fill("Publications")
    page.get_by_role("button", name="Delete").click()
    person.says("The export was deleted.")
