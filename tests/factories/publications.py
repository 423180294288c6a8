"""Requests to publish, with what every one must have filled in."""

from typing import Any

from largesse.domain.publications import CustomerReference, PublicationRequest
from tests.factories.campaigns import IDS


def by_source_id(source_id: str, **profile: Any) -> CustomerReference:
    return CustomerReference(source_id=source_id, new_id=IDS.new("cust_"), profile=profile or None)


def by_id(customer_id: str, **profile: Any) -> CustomerReference:
    return CustomerReference(id=customer_id, profile=profile or None)


def nameless(**profile: Any) -> CustomerReference:
    """Somebody with neither id: always a new customer."""
    return CustomerReference(new_id=IDS.new("cust_"), profile=profile or None)


def request(customer: CustomerReference | str, **fields: Any) -> PublicationRequest:
    """A request; a string stands for a customer's source_id."""
    if isinstance(customer, str):
        customer = by_source_id(customer)
    millis, counter = IDS.reserve_hex(fields.get("count", 1))
    return PublicationRequest(
        id=IDS.new("pub_"), holder_millis=f"{millis:011x}", holder_counter=counter, customer=customer, **fields
    )
