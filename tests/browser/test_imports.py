"""Imports: a file, its columns, what would come of it, and the import."""

import re

import pytest
from playwright.sync_api import FilePayload, expect

from tests.browser.conftest import Person

pytestmark = pytest.mark.slow

CUSTOMERS = (
    "Shop number,Full name,email,Favourite,birthdate\n"
    "1,Ada Lovelace,ada@example.com,<b>tea</b>,1815-12-10\n"
    "2,Grace Hopper,grace@example.com,coffee,1906-12-09\n"
    "3,Nobody,nobody@example.com,water,last year\n"
)


def file(content: str) -> FilePayload:
    return {"name": "people.csv", "mimeType": "text/csv", "buffer": content.encode()}


def test_customers_from_a_file_whose_columns_have_names_of_their_own(person: Person) -> None:
    page = person.go("/imports")
    person.look("imports-empty")
    page.get_by_role("button", name="Upload").click()
    person.says("Choose a file that has something in it.")
    page.get_by_label("File").set_input_files(file("a,a\n1,2\n"))
    page.get_by_role("button", name="Upload").click()
    person.says("The file must not have two columns of one name")
    person.look("imports-refused")
    page.get_by_label("File").set_input_files(file(CUSTOMERS))
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_label("What is email?")).to_have_value("email")  # guessed
    page.get_by_label("What is Shop number?").select_option(label="Source ID")
    page.get_by_label("What is Full name?").select_option(label="Name")
    page.get_by_role("button", name="See what would come of it").click()
    person.comes(person.page.get_by_text("Would be imported"))
    expect(page.get_by_role("row", name=re.compile("3 .*birthdate"))).to_be_visible()
    expect(page.get_by_label("What is Full name?")).to_have_value("name")  # what was chosen is kept
    person.look("import-columns")
    assert person.call("GET", "/v1/customers")["total"] == 0
    page.get_by_role("button", name="Import", exact=True).click()
    person.comes(person.page.get_by_text("What is wrong"))
    person.look("import")
    found = {one["source_id"]: one for one in person.call("GET", "/v1/customers")["customers"]}
    assert found.keys() == {"1", "2"}
    assert (found["1"]["name"], found["1"]["metadata"]) == ("Ada Lovelace", {"Favourite": "<b>tea</b>"})
    page = person.go("/imports")
    expect(page.get_by_role("row", name=re.compile("Customers.*done.*2.*1")).first).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("Customers.*only looked"))).to_be_visible()
    person.look("imports")
