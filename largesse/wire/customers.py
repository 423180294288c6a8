"""Customers as JSON."""

from typing import Annotated, Any, Final, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from largesse.domain.customers import Cards, Customer, CustomerShort, Profile
from largesse.domain.errors import InvalidPayload
from largesse.domain.referrals import Referral, Referrals
from largesse.wire.dates import Date, render
from largesse.wire.metadata import METADATA_BYTES_MAX, Metadata
from largesse.wire.names import Ref
from largesse.wire.nulls import Nulls, changed

T = TypeVar("T")

TEXT_LENGTH_MAX: Final = 1_000
DESCRIPTION_LENGTH_MAX: Final = 10_000
Text = Annotated[str, msgspec.Meta(max_length=TEXT_LENGTH_MAX)]


class AddressInput(msgspec.Struct, frozen=True, kw_only=True):
    city: Text | UnsetType | None = UNSET
    state: Text | UnsetType | None = UNSET
    line_1: Text | UnsetType | None = UNSET
    line_2: Text | UnsetType | None = UNSET
    country: Text | UnsetType | None = UNSET
    postal_code: Text | UnsetType | None = UNSET


class CustomerInput(msgspec.Struct, frozen=True, kw_only=True):
    """A customer object in a request: creation, update, publication.

    `birthday` is the contract's old name of `birthdate`; both are kept.
    """

    id: Ref | None = None
    source_id: Ref | None = None
    name: Text | UnsetType | None = UNSET
    description: Annotated[str, msgspec.Meta(max_length=DESCRIPTION_LENGTH_MAX)] | UnsetType | None = UNSET
    email: Text | UnsetType | None = UNSET
    phone: Text | UnsetType | None = UNSET
    birthday: Date | UnsetType | None = UNSET
    birthdate: Date | UnsetType | None = UNSET
    address: AddressInput | UnsetType | None = UNSET
    metadata: Metadata | UnsetType | None = UNSET

    def profile(self, nulls: Nulls = Nulls.ABSENT) -> Profile:
        """What is said about the customer."""
        clears = nulls.clear(self, _PROFILE)
        return Profile(
            name=_said(self.name),
            description=_said(self.description),
            email=_said(self.email),
            phone=_said(self.phone),
            birthday=_said(self.birthday),
            birthdate=_said(self.birthdate),
            address=self._address(nulls),
            metadata=_said(self.metadata),
            cleared=frozenset(name for name in _PROFILE if getattr(self, name) is None) if clears else frozenset(),
        )

    def _address(self, nulls: Nulls) -> dict[str, Any] | None:
        address = _said(self.address)
        return None if address is None else changed(address, nulls, AddressInput.__struct_fields__) or None


_PROFILE: Final = ("name", "description", "email", "phone", "birthday", "birthdate", "address", "metadata")


def _said(value: T | UnsetType | None) -> T | None:
    return None if isinstance(value, UnsetType) else value


def check_metadata_size(metadata: dict[str, Any]) -> None:
    """A merge of two objects may be too large though each was small enough. Raises InvalidPayload."""
    if len(msgspec.json.encode(metadata)) > METADATA_BYTES_MAX:
        raise InvalidPayload(f"Property .metadata must not be larger than {METADATA_BYTES_MAX} bytes")


def render_customer_short(customer: CustomerShort) -> dict[str, Any]:
    """The form inside publications, redemptions and events: every key is there, null when unset."""
    return {
        "id": customer.id,
        "name": customer.name,
        "email": customer.email,
        "source_id": customer.source_id,
        "metadata": customer.metadata,
        "object": "customer",
    }


_NO_CARDS: Final = Cards()


_NO_REFERRALS: Final = Referrals()


def render_customer(
    customer: Customer, cards: Cards | None = None, referrals: Referrals | None = None
) -> dict[str, Any]:
    """The whole customer: profile fields that were never set are left out, an address is null then, and metadata are
    there if there are any. `cards`, `referrals`: None for none.
    """
    out: dict[str, Any] = {"id": customer.id, "source_id": customer.source_id}
    for field in ("name", "description", "email", "phone"):
        if (value := getattr(customer, field)) is not None:
            out[field] = value
    if customer.birthdate is not None:
        out["birthdate"] = customer.birthdate.isoformat()
    if customer.birthday is not None:
        out["birthday"] = customer.birthday.isoformat()
    out["address"] = customer.address
    out |= _summaries(cards or _NO_CARDS, referrals or _NO_REFERRALS)
    if customer.metadata:
        out["metadata"] = customer.metadata
    out["system_metadata"] = {}
    out["created_at"] = render(customer.created_at)
    if customer.updated_at is not None:
        out["updated_at"] = render(customer.updated_at)
    out["object"] = "customer"
    return out


def _summaries(cards: Cards, referrals: Referrals) -> dict[str, Any]:
    # Redemptions and orders aren't built yet: nobody has any.
    campaigns = {
        name: {"points": cards.campaigns.get(name, 0), "referred_customers": referrals.referred_by.get(name, 0)}
        for name in {**cards.campaigns, **referrals.referred_by}
    }
    return {
        "summary": {
            "redemptions": {
                "total_redeemed": 0,
                "total_failed": 0,
                "total_succeeded": 0,
                "total_rolled_back": 0,
                "total_rollback_failed": 0,
                "total_rollback_succeeded": 0,
                "gift": {"redeemed_amount": cards.credits_redeemed, "amount_to_go": cards.credits_to_go},
                "loyalty_card": {"redeemed_points": cards.points_redeemed, "points_to_go": cards.points_to_go},
            },
            "orders": {"total_amount": 0, "total_count": 0, "average_amount": 0, "last_order_amount": 0},
        },
        "loyalty": {"points": cards.points, "referred_customers": referrals.referred, "campaigns": campaigns},
        "referrals": {"total": referrals.total, "campaigns": [_referral(each) for each in referrals.latest]},
    }


def _referral(referral: Referral) -> dict[str, Any]:
    return {
        "campaign_id": referral.campaign_id,
        "referrer_id": referral.referrer_id,
        "related_object_id": referral.related_object_id,
        "related_object_type": referral.related_object_type,
        "date": render(referral.created_at),
    }


def render_deletion(id: str, customer: Customer, *, segments: int) -> dict[str, Any]:
    """The receipt of a permanent deletion; the misspelt object name is the contract's."""
    counts = ("events", "customer_events", "daily_events", "orders", "order_events")
    return {
        "id": id,
        "created_at": render(customer.updated_at or customer.created_at),
        "related_object_id": customer.id,
        "related_object": "customer",
        "status": "DONE",
        "data_json": dict.fromkeys(counts, 0) | {"segments": segments, "customer": 1},
        "object": "pernament_deletion",
    }
