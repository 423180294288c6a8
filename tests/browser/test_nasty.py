"""What people write, however nasty, stays within the page: looked at on a desk and on a phone."""

import pytest

from tests.browser.conftest import DESK, PHONE, Person
from tests.dashboard.conftest import NASTY

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
GIFT = {"type": "GIFT_VOUCHER", "gift": {"amount": 1000}, "code_config": {"pattern": "GO-########"}}


def words(length_max: int) -> str:
    """Everything at once, and then letters without a space in between."""
    markup = "".join(NASTY[kind] for kind in ("script", "svg", "rtl"))
    return (markup + NASTY["long"])[:length_max]


def printable(length_max: int) -> str:
    return "".join(filter(str.isprintable, words(length_max)))


def written(person: Person) -> dict[str, str]:
    """Pages of things whose every word is nasty."""
    metadata = {words(40): words(1_000)}
    campaign = person.campaign(
        words(255), 3, description=words(10_000), metadata=metadata, campaign_type="GIFT_VOUCHERS", voucher=GIFT
    )
    customer = {"source_id": words(255), "name": words(1_000), "metadata": metadata, "email": "a@example.com"}
    published = person.call(
        "POST",
        "/v1/publications",
        {
            "campaign": {"name": words(255)}, "customer": customer, "channel": words(255), "source_id": words(255),
            "metadata": metadata,
        },
    )  # fmt: skip
    voucher = person.call(
        "POST",
        "/v1/vouchers",
        {
            "type": "DISCOUNT_VOUCHER", "discount": {"type": "PERCENT", "percent_off": 10}, "code": printable(255),
            "additional_info": words(10_000),
        },
    )  # fmt: skip
    person.call("POST", f"/v1/vouchers/{published['voucher']['id']}/balance", {"amount": -5, "reason": words(255)})
    segment = {"name": words(255), "type": "static", "customers": [published["customer_id"]]}
    person.call("POST", "/v1/segments", segment)
    mail = {"type": "email", "from": "a@b.example", "subject": printable(500), "text": words(10_000)}
    distribution = person.call(
        "POST",
        "/v1/distributions",
        {
            "name": words(255), "audience": {"filter": {}}, "action": {"type": "message"},
            "channels": [mail | {"from_name": printable(60)}],
        },
    )  # fmt: skip
    person.call("POST", "/v1/exports", {"exported_object": "customer"})
    return {
        "home": "",
        "campaigns": "/campaigns",
        "campaign": f"/campaigns/{campaign['id']}",
        "publications": "/publications",
        "vouchers": "/vouchers",
        "voucher": f"/vouchers/{voucher['id']}",
        "card": f"/vouchers/{published['voucher']['id']}",
        "customers": "/customers",
        "customer": f"/customers/{published['customer_id']}",
        "distributions": "/distributions",
        "distribution": f"/distributions/{distribution['id']}",
        "exports": "/exports",
        "imports": "/imports",
        "keys": "/developers",
        "webhooks": "/developers/webhooks",
        "events": "/developers/events",
    }


@pytest.mark.parametrize("device", [DESK, PHONE], ids=lambda device: device.name, indirect=True)
def test_nothing_that_people_write_leaves_its_place(person: Person) -> None:
    pages = written(person)
    page = person.go("/developers")
    page.get_by_label("Name", exact=True).fill(words(60))
    page.get_by_role("button", name="Make the key").click()
    page = person.go("/developers/webhooks/new")
    page.get_by_label("Address", exact=True).fill("https://example.com/hook?" + "x" * 300)
    page.get_by_role("button", name="Make the webhook").click()
    wrong = []
    for name, path in pages.items():
        person.go(path)
        try:
            person.look(f"nasty-{name}")
        except AssertionError as error:
            wrong.append(str(error)[:500])
    assert not wrong, "\n".join(wrong)
