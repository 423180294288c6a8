"""What the records say in codes, in the words of the people who read the pages."""

from typing import Any, Final

from largesse.dashboard.formats import money, number, plural
from largesse.domain.vouchers import GIFT_VOUCHER, LOYALTY_CARD, State, Voucher

STATES: Final = {
    State.FREE: ("free", "good", "Nobody has it: the next publication may take it."),
    State.HELD: ("held", "warn", "A distribution keeps it for somebody while the message is under way."),
    State.PUBLISHED_WITHOUT_CUSTOMER: (
        "exported",
        "info",
        "It left in a file. It can still be published to one customer.",
    ),
    State.PUBLISHED: ("published", "info", "It belongs to its holder, and goes to nobody else."),
    State.WITHDRAWN: ("withdrawn", "", "Expired or used before it was published: it goes to nobody."),
}
KINDS: Final = {"DISCOUNT_VOUCHER": "discount", GIFT_VOUCHER: "gift card", LOYALTY_CARD: "loyalty card"}
HAPPENED: Final = {
    "voucher.created": "Made",
    "voucher.updated": "Changed",
    "voucher.enabled": "Enabled",
    "voucher.disabled": "Disabled",
    "campaign.created": "Its campaign was made",
    "publication": "Published",
    "customer.created": "Customer made",
    "customer.updated": "Profile changed",
    "customer.deleted": "Customer deleted",
    "customer.custom_event": "Event",
    "customer.publication.succeeded": "Got a code",
    "customer.publication.failed": "Got no code",
    "customer.voucher.gift.balance_added": "Gift card credits added",
    "customer.voucher.loyalty_card.points_added": "Loyalty points added",
    "customer.voucher.deleted": "A code of theirs was deleted",
    "customer.referred": "Was referred",
    "customer.segment.entered": "Entered a segment",
    "customer.segment.left": "Left a segment",
}


def happened(type: str) -> str:
    """`customer.email.sent` for what has no words yet: Email sent."""
    known = HAPPENED.get(type)
    return known or type.removeprefix("customer.").replace(".", " ").replace("_", " ").capitalize()


def state(voucher: Voucher) -> tuple[str, str, str]:
    """A word, its kind of badge, and what it means."""
    if voucher.state == State.FREE and not voucher.active:
        return "disabled", "bad", "It is switched off: nobody gets it until it is enabled."
    return STATES[State(voucher.state)]


def value(voucher: Voucher) -> str:
    """What it is worth: `10 % off`, `25.00 in credits, 20.00 left`."""
    if voucher.type == GIFT_VOUCHER:
        return f"{money(voucher.amount)} in credits, {money(voucher.balance)} left"
    if voucher.type == LOYALTY_CARD:
        return f"{plural(voucher.amount, 'point')}, {number(voucher.balance)} left"
    return discount(voucher.discount)


def balance(voucher: Voucher) -> str:
    """What is left on a card, in its own unit."""
    return money(voucher.balance) if voucher.type == GIFT_VOUCHER else plural(voucher.balance, "point")


def discount(given: dict[str, Any] | None) -> str:
    """A discount in plain words."""
    if not given:
        return "no discount"
    kind = given.get("type")
    if kind == "PERCENT":
        most = f", at most {money(given['amount_limit'])}" if given.get("amount_limit") else ""
        return f"{number(given.get('percent_off'))} % off{most}"
    if kind == "AMOUNT":
        return f"{money(given.get('amount_off'))} off"
    if kind == "FIXED":
        return f"a fixed price of {money(given.get('fixed_amount'))}"
    if kind == "UNIT":
        return f"{number(given.get('unit_off'))} of {given.get('unit_type') or 'a product'} for free"
    return str(kind or "discount").lower().replace("_", " ")


def actor(name: str | None, names: dict[str, str]) -> str:
    """Who did something: `by` a user's address, a key's name, a command; or what happened by itself."""
    if name is None:
        return "by somebody that the log doesn't know any more"
    return "in the background" if name == "job" else f"by {names.get(name, name)}"
