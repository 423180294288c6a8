"""Chromium against a real `largesse serve`: every page as people see it, on a desk, on a phone, and without scripts.

Screenshots of all of them are kept in build/screenshots (LARGESSE_SCREENSHOTS), to be looked at.
"""

import json
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Error, Locator, Page, expect, sync_playwright

from tests.acceptance.server import Server, data_folder, serving, wait_until

TIMEOUT_S: Final = 300
"""A page takes a moment, a machine that runs everything else at the same time many."""
CHROMIUM: Final = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
SCREENSHOTS: Final = Path(os.environ.get("LARGESSE_SCREENSHOTS", "build/screenshots"))
# Nothing of its own accord: a browser that asks for updates would be a request to another host.
QUIET: Final = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
PASSWORD: Final = "correct horse battery"
EMAIL: Final = "marketer@example.com"


class Device(NamedTuple):
    """What a page is looked at with."""

    name: str
    width: int
    height: int
    scripts: bool = True
    dark: bool = False


DESK: Final = Device("desk", 1280, 900)
PHONE: Final = Device("phone", 390, 844, dark=True)
PLAIN: Final = Device("plain", 1280, 900, scripts=False)
PHONE_PLAIN: Final = Device("phone-plain", 390, 844, scripts=False)
DEVICES: Final = (DESK, PHONE, PLAIN, PHONE_PLAIN)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(TIMEOUT_S))


@pytest.fixture(scope="session")
def site() -> Iterator[Server]:
    """One server for all pages of this process; each test works in a project of its own."""
    environment = {
        "LARGESSE_ADMIN_EMAIL": EMAIL,
        "LARGESSE_ADMIN_PASSWORD": PASSWORD,
        "LARGESSE_ALLOW_PRIVATE_TARGETS": "1",
    }
    with data_folder() as folder, serving(folder, "--processes", "1", environment=environment) as server:
        yield server


@pytest.fixture
def browser() -> Iterator[Browser]:
    """One for each test: while Playwright waits for its next call, no asynchronous test could run in this process."""
    if CHROMIUM is None:
        pytest.skip("no Chromium here: install Debian's package chromium to look at the pages")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield started
        started.close()


class Person:
    """Somebody at a browser, in a project of his own. What no page may do is collected, and found empty at the end."""

    def __init__(self, context: BrowserContext, site: Server, device: Device) -> None:
        self.site = site
        self.device = device
        self.base = f"http://127.0.0.1:{site.port}"
        self.page: Page = context.new_page()
        self.faults: list[str] = []
        self.project = ""
        self.key: dict[str, str] = {}
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.faults.append(f"script failed: {error}"))
        self.page.on("request", self._asked)

    def _heard(self, message: Any) -> None:
        # An answer of 4xx to a form is meant, and the browser says so; everything else on the console is a fault.
        if message.type in ("error", "warning") and "status of 4" not in message.text:
            self.faults.append(f"console: {message.text}")

    def _asked(self, request: Any) -> None:
        if not request.url.startswith((self.base + "/", "data:", "blob:")):
            self.faults.append(f"asked {request.url}")

    def sign_in(self) -> None:
        self.page.goto(self.base + "/app/")
        self.page.get_by_label("E-mail").fill(EMAIL)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url("**/app/proj_*")

    def open_project(self) -> None:
        """A new project with a key of its own, made as an operator would."""
        management = json.loads((self.site.data / "credentials.json").read_text())["management"]
        headers = {"X-Management-Id": management["id"], "X-Management-Token": management["token"]}
        made = self.page.request.post(
            f"{self.base}/management/v1/projects",
            headers=headers,
            data={"name": f"Shop {secrets.token_hex(4)}", "timezone": "Europe/Warsaw", "currency": "EUR"},
        )
        assert made.ok, made.text()
        answer = made.json()
        self.project = answer["id"]
        pair = answer["server_side_key"]
        self.key = {"X-App-Id": pair["app_id"], "X-App-Token": pair["app_token"]}

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The API, with the project's key. The answer must be a success."""
        answer = self.page.request.fetch(self.base + path, method=method, headers=self.key, data=body)
        assert answer.ok, f"{method} {path}: {answer.status} {answer.text()}"
        return answer.json() if answer.body() else None

    def campaign(self, name: str, codes: int = 20, **more: Any) -> Any:
        """A campaign whose codes are there."""
        body = {
            "name": name,
            "campaign_type": "DISCOUNT_COUPONS",
            "vouchers_count": codes,
            "voucher": {
                "type": "DISCOUNT_VOUCHER",
                "discount": {"type": "PERCENT", "percent_off": 10},
                "redemption": {"quantity": 1},
                "code_config": {"pattern": "GO-########"},
            },
        }
        made = self.call("POST", "/v1/campaigns", body | more)

        def there() -> bool:
            return bool(self.call("GET", f"/v1/campaigns/{made['id']}")["vouchers_generation_status"] == "DONE")

        assert wait_until(there, 30)
        return made

    def publish(self, campaign: str, **customer: Any) -> Any:
        return self.call("POST", "/v1/publications", {"campaign": {"name": campaign}, "customer": customer})

    def go(self, path: str = "") -> Page:
        """To a page of the project."""
        self.page.goto(f"{self.base}/app/{self.project}{path}")
        return self.page

    def look(self, name: str) -> None:
        """Keep a screenshot; check what axe-core knows of accessibility, and that nothing sticks out at the side."""
        folder = SCREENSHOTS / self.device.name
        folder.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=folder / f"{name}.png", full_page=True)
        if not self.device.scripts:
            return
        wide = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{name} is {wide} pixels wider than the window"
        found = Axe().run(self.page).response["violations"]
        told = [f"{one['id']}: {one['help']}: {one['nodes'][0]['html'][:200]}" for one in found]
        assert not told, "\n".join([f"accessibility of {name}:", *told])

    def says(self, text: str) -> None:
        """The page shows a text, now or soon."""
        expect(self.page.get_by_text(text).first).to_be_visible()

    def comes(self, shown: Locator, timeout_s: float = 30, by_itself: bool = True) -> None:
        """The page shows it sooner or later; without scripts, or not `by_itself`, after it was loaded again."""
        if by_itself and self.device.scripts:
            expect(shown.first).to_be_visible(timeout=timeout_s * 1000)
            return

        def there() -> bool:
            try:
                self.page.reload()
            except Error as error:
                # The answer to the last click is just replacing the page.
                if "Not attached to an active page" not in error.message:
                    raise
            return shown.count() > 0

        assert wait_until(there, timeout_s), f"{shown} never came"


@pytest.fixture(params=DEVICES, ids=lambda device: device.name)
def device(request: pytest.FixtureRequest) -> Device:
    found: Device = request.param
    return found


@pytest.fixture
def visitor(browser: Browser, site: Server, device: Device) -> Iterator[Person]:
    """Somebody who isn't signed in."""
    context = browser.new_context(
        viewport={"width": device.width, "height": device.height},
        java_script_enabled=device.scripts,
        color_scheme="dark" if device.dark else "light",
    )
    context.set_default_timeout(15_000)
    person = Person(context, site, device)
    yield person
    context.close()
    assert person.faults == []


@pytest.fixture
def person(visitor: Person) -> Person:
    """An admin, signed in, with an empty project."""
    visitor.sign_in()
    visitor.open_project()
    return visitor
