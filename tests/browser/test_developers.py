"""The developers' corner: keys, webhooks, the log, the audit, the operations."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.acceptance.server import wait_until
from tests.browser.conftest import Person

pytestmark = pytest.mark.slow


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[Any]]]:
    """Somebody's server: refuses the first, takes all that follow."""
    heard: list[Any] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(500 if len(heard) == 1 else 204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/hooks", heard
    server.shutdown()
    server.server_close()


def test_a_key_is_shown_once_used_and_revoked(person: Person) -> None:
    page = person.go("/developers")
    page.get_by_label("Name").fill("web shop")
    page.get_by_text("Narrow it further").click()
    page.get_by_label("Only from these addresses").fill("nowhere")
    page.get_by_role("button", name="Make the key").click()
    expect(page.get_by_label("Only from these addresses")).to_have_value("nowhere")
    expect(page.locator(".error")).to_contain_text("nowhere is neither")
    page.get_by_label("Only from these addresses").fill("")
    page.get_by_role("button", name="Make the key").click()
    app_id, token = page.locator(".notice dd code").all_inner_texts()
    headers = {"X-App-Id": app_id, "X-App-Token": token}
    person.look("key-made")
    assert page.request.get(person.base + "/v1/vouchers", headers=headers).status == 200
    person.go("/developers")
    expect(page.get_by_text(token)).to_have_count(0)
    row = page.get_by_role("row").filter(has_text=app_id)
    expect(row).not_to_contain_text("never")
    person.look("keys")
    row.get_by_role("link", name="Revoke").click()
    page.get_by_label("Type it to confirm").fill("web shop")
    page.get_by_role("button", name="Revoke").click()
    person.says("opens nothing any more")
    assert wait_until(lambda: page.request.get(person.base + "/v1/vouchers", headers=headers).status == 401, 10)


def test_a_webhook_with_its_attempts_and_another_try(person: Person, receiver: tuple[str, list[Any]]) -> None:
    url, heard = receiver
    page = person.go("/developers/webhooks/new")
    page.get_by_label("Address").fill("ftp://nowhere")
    page.get_by_role("button", name="Make the webhook").click()
    expect(page.locator(".error").first).to_be_visible()
    person.look("webhook-refused")
    page.get_by_label("Address").fill(url)
    page.get_by_label("customer.created", exact=True).check()
    page.get_by_role("button", name="Make the webhook").click()
    person.says("is told what happens from now on")
    person.call("POST", "/v1/customers", {"source_id": "1", "name": "Ada"})
    assert wait_until(lambda: len(heard) == 1, 15)
    page = person.page
    person.comes(page.get_by_role("link", name="customer.created"), by_itself=False)
    person.look("webhook")
    page.get_by_role("link", name="customer.created").click()
    person.comes(page.get_by_text("500"), by_itself=False)
    person.look("delivery")
    page.goto(page.url.rpartition("/deliveries")[0])
    page.get_by_role("button", name="Send a test").click()
    assert wait_until(lambda: len(heard) == 2, 15)
    person.comes(page.get_by_text("delivered"), by_itself=False)
    page.get_by_role("button", name="Send again").click()
    person.says("It is sent again, with the same id and body.")
    assert wait_until(lambda: len(heard) == 3, 15)
    assert heard[1] == heard[2]
    person.go("/developers/webhooks")
    person.look("webhooks")


def test_the_log_the_audit_and_the_operations(person: Person) -> None:
    person.campaign("Logged", 5)
    person.publish("Logged", source_id="first", name="<script>alert(1)</script>")
    page = person.go("/developers/events")
    person.comes(page.locator("#log").get_by_text("publication.succeeded"), by_itself=False)
    page.locator("details", has_text="What it says").first.locator("summary").click()
    person.look("events")
    page.get_by_role("link", name="from here on").last.click()
    expect(page.locator("#log").get_by_text("publication.succeeded").first).to_be_visible()
    page = person.go("/developers/audit")
    page.get_by_role("button", name="Ask now").click()
    person.comes(page.get_by_text("Every promise is kept."), 60)
    person.look("audit")
    page = person.go("/developers/api")
    person.look("api")
    page.get_by_label("Resource").select_option("vouchers")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("heading", name="POST /v1/vouchers", exact=True)).to_be_visible()
    expect(page.get_by_text("curl -X POST").first).to_be_attached()
