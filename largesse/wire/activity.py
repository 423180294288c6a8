"""What happened to a customer as JSON."""

from typing import Any

import msgspec

from largesse.domain.activity import Activity
from largesse.domain.customers import Customer
from largesse.domain.publications import Publication
from largesse.wire.customers import render_customer, render_customer_short
from largesse.wire.dates import render
from largesse.wire.events import simple_customer, simple_voucher, whole_customer
from largesse.wire.publications import render_publication_in_list


def render_activity(activity: Activity, publication: Publication | None) -> dict[str, Any]:
    """`publication` is the one it is about, if any.

    The contract has source and objects within `data`, its predecessor beside it: both are there. `group_id` is the
    request, where the fact says which it was.
    """
    customer = render_customer_short(activity.customer)
    source = {"channel": "API", "user": None, "api_key": {"app_id": activity.actor, "name": None}}
    if activity.actor is None:
        source["api_key"] = None
    out = {
        "id": activity.id,
        "type": activity.type,
        "data": {"data": _data(activity, publication, customer), "event_source": source},
        "customer": customer,
        "campaign": _campaign(activity),
        "created_at": render(activity.created_at),
        "category": activity.category,
        "event_source": source,
        "group_id": activity.request_id,
    }
    if out["campaign"] is None:
        del out["campaign"]
    return out


def _campaign(activity: Activity) -> dict[str, Any] | None:
    if activity.campaign_name is None:  # none, or gone for good
        return None
    return {
        "id": activity.campaign_id,
        "name": activity.campaign_name,
        "campaign_type": activity.campaign_type,
        "object": "campaign",
    }


def _data(activity: Activity, publication: Publication | None, customer: dict[str, Any]) -> dict[str, Any]:
    if activity.type == "customer.custom_event":
        return dict(activity.data)
    if activity.type == "customer.referred":
        return {
            "customer": customer,
            "campaign": _campaign(activity),
            "referrer": simple_customer(activity.data["referrer"]),
            "voucher": simple_voucher(activity.data["voucher"]),
            "custom_event": activity.data["custom_event"],
        }
    if "segment" in activity.data:
        return {"customer": whole_customer(activity.data["customer"]), "segment": activity.data["segment"]}
    if "customer" in activity.data:  # the customer as it was
        return {"customer": render_customer(msgspec.convert(activity.data["customer"], Customer))}
    out = {"customer": customer, "campaign": _campaign(activity)}
    if "message" in activity.data:  # delivered, or not
        return out | activity.data
    return out | (_card(activity) if publication is None else {"publication": render_publication_in_list(publication)})


def _card(activity: Activity) -> dict[str, Any]:
    voucher = activity.data["voucher"]
    out: dict[str, Any] = {"voucher": {"id": voucher["id"], "code": voucher["code"], "object": "voucher"}}
    if "balance" in activity.data:
        balance = {name: activity.data[name] for name in ("amount", "total", "balance")}
        out["balance"] = balance | {"object": "balance", "related_object": {"type": "voucher", "id": voucher["id"]}}
    return out
