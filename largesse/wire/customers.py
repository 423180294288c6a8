"""Customers as JSON (spec customers §2)."""

from typing import Any

from largesse.domain.customers import Customer
from largesse.wire.dates import render


def render_customer_short(customer: Customer) -> dict[str, Any]:
    """The form inside publications, redemptions and events: every key is there, null when unset."""
    return {
        "id": customer.id,
        "name": customer.name,
        "email": customer.email,
        "source_id": customer.source_id,
        "metadata": customer.metadata,
        "object": "customer",
    }


def render_customer(customer: Customer) -> dict[str, Any]:
    """The whole customer: profile fields that were never set are left out."""
    out: dict[str, Any] = {"id": customer.id, "source_id": customer.source_id}
    for field in ("name", "description", "email", "phone"):
        if (value := getattr(customer, field)) is not None:
            out[field] = value
    if customer.birthdate is not None:
        out["birthdate"] = customer.birthdate.isoformat()
    if customer.birthday is not None:
        out["birthday"] = customer.birthday.isoformat()
    if customer.address is not None:
        out["address"] = customer.address
    out |= _summaries()
    out["metadata"] = customer.metadata
    out["system_metadata"] = {}
    out["created_at"] = render(customer.created_at)
    if customer.updated_at is not None:
        out["updated_at"] = render(customer.updated_at)
    out["object"] = "customer"
    return out


def _summaries() -> dict[str, Any]:
    # Redemptions, orders and referrals aren't built yet: nobody has any.
    return {
        "summary": {
            "redemptions": {
                "total_redeemed": 0,
                "total_failed": 0,
                "total_succeeded": 0,
                "total_rolled_back": 0,
                "total_rollback_failed": 0,
                "total_rollback_succeeded": 0,
                "gift": {"redeemed_amount": 0, "amount_to_go": 0},
                "loyalty_card": {"redeemed_points": 0, "points_to_go": 0},
            },
            "orders": {"total_amount": 0, "total_count": 0, "average_amount": 0, "last_order_amount": 0},
        },
        "loyalty": {"points": 0, "referred_customers": 0, "campaigns": {}},
        "referrals": {"total": 0, "campaigns": []},
    }
