"""Publications: what may be asked, and what each outcome means to the caller (docs/semantics/publication.md)."""

from datetime import datetime
from typing import Any, Final

import msgspec

from largesse.domain.customers import CustomerShort
from largesse.domain.errors import (
    DuplicateSourceId,
    LargesseError,
    NotFound,
    NoVoucherSuitableForPublication,
    TooManyVouchersRequested,
    Unavailable,
    VoucherAlreadyPublished,
    VoucherCannotBePublished,
)
from largesse.domain.filters import ANY_METADATA, BOOLEAN, CODE, DATE_TIME, METADATA, TEXT, Fields
from largesse.domain.vouchers import VOUCHER_TYPE_FILTER, Voucher

COUNT_MAX: Final = 50
CHANNEL_DEFAULT: Final = "API"
CHANNEL_LENGTH_MAX: Final = 255

PUBLISHED: Final = "published"
REPLAYED: Final = "replayed"
SHORT_OF_CODES: Final = "retry_short_of_codes"
RETRY_PREFIX: Final = "retry_"
"""Outcomes that start so say: a race was lost or a row was busy, nothing was decided, ask again."""


FILTERS: Final[Fields] = {
    "failure_code": TEXT,
    "result": TEXT,
    "customer_id": TEXT,
    "campaign_name": TEXT,
    "voucher_type": VOUCHER_TYPE_FILTER,
    "is_referral_code": BOOLEAN,
    "parent_object_id": TEXT,
    "related_object_id": TEXT,
    "source_id": TEXT,
    "id": TEXT,
    "voucher_code": CODE,
    "tracking_id": TEXT,
    "channel": TEXT,
    "created_at": DATE_TIME,
    METADATA: ANY_METADATA,
}
"""What their list can be filtered by: the nine fields of the contract, then the recommended rest."""
EXPORT_FILTERS: Final[Fields] = {**FILTERS, "campaign": TEXT, "customer": TEXT, "voucher": CODE}
"""What an export can be filtered by besides: names or ids."""


class CustomerReference(msgspec.Struct, frozen=True, kw_only=True):
    """Whom the code is for. One of `id` (must exist), `source_id` (made if absent), or neither (always new).

    `new_id` is the id that a new customer would get, fixed once so that a retry makes nobody twice; null when an
    unknown customer is an error. `profile` holds the fields to write, dates as text, nulls left out.
    """

    id: str | None = None
    source_id: str | None = None
    new_id: str | None = None
    profile: dict[str, Any] | None = None


class PublicationRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One request to publish; exactly one of `voucher` (code or id) and `campaign` (name or id) is set."""

    id: str
    holder_millis: str  # the ids of the holder records: 11 hex digits and a counter, one per voucher
    holder_counter: int
    voucher: str | None = None
    campaign: str | None = None
    count: int = 1
    customer: CustomerReference
    source_id: str | None = None
    join_once: bool = False
    channel: str = CHANNEL_DEFAULT
    metadata: dict[str, Any] = {}
    request_id: str | None = None  # where the events of this publication come from
    actor: str | None = None


class Publication(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `publications` with its customer's short form and its vouchers."""

    id: str
    result: str
    created_at: datetime
    campaign_id: str | None
    customer_id: str | None
    customer: CustomerShort | None
    tracking_id: str | None
    source_id: str | None
    channel: str
    metadata: dict[str, Any]
    voucher_ids: list[str]
    codes: list[str]
    voucher: Voucher | None = None  # of a publication of one voucher, unless it was deleted since
    failure_code: str | None = None
    failure_message: str | None = None


def check_count(count: int, source_id: str | None, *, count_max: int = COUNT_MAX) -> None:
    """A publication with a source_id is one code, so that asking again can give the same one (A045)."""
    allowed = 1 if source_id is not None else count_max
    if count > allowed:
        raise too_many(allowed)


def too_many(allowed: int) -> TooManyVouchersRequested:
    return TooManyVouchersRequested(f"Only up to {allowed} can be published")


_CANNOT: Final = {
    "already_joined": "Customer already joined program.",
    "voucher_disabled": "Voucher is disabled.",
    "voucher_expired": "Voucher is expired.",
    "voucher_held": "Voucher is held by a distribution or an export.",
    "campaign_expired": "Campaign is expired.",
}


def refusal(outcome: str, request: PublicationRequest, voucher_id: str | None) -> LargesseError:
    """The error for an outcome of the publish statement that is neither a publication nor a retry."""
    if outcome in _CANNOT:
        return VoucherCannotBePublished(f"Voucher cannot be published. {_CANNOT[outcome]}")
    refused: dict[str, LargesseError] = {
        "voucher_already_published": VoucherAlreadyPublished(f"Voucher '{voucher_id}' has already been published"),
        "exhausted": NoVoucherSuitableForPublication(
            "No active unpublished code is left. Use an AUTO_UPDATE campaign to have new codes made automatically."
        ),
        "pool_expired": NoVoucherSuitableForPublication(
            "The campaign has expired. Its codes can be published again once its expiration date is later, or removed."
        ),
        "no_new_codes": NoVoucherSuitableForPublication("Couldn't create new vouchers for publication"),
        "duplicate_source_id": DuplicateSourceId(f"Publication with source_id: '{request.source_id}' already exists"),
        "too_many_vouchers": too_many(1),
        "customer_not_found": NotFound.of("customer", request.customer.id or ""),
        "source_not_found": NotFound.of("campaign", request.campaign or "")
        if request.voucher is None
        else NotFound.of("voucher", request.voucher),
    }
    return refused[outcome]


def out_of_time(outcome: str) -> Unavailable:
    """A request that kept losing races until its time was up."""
    return Unavailable(f"The publication could not be decided in time ({outcome}). Nothing was published; try again.")
