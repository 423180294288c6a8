"""Publications as JSON."""

import re
from typing import Annotated, Any, Final

import msgspec
from msgspec.structs import replace

from largesse.domain.customers import ID_PREFIX, SOURCE_ID_LENGTH_MAX
from largesse.domain.errors import InvalidPayload, InvalidQueryParams, MissingVouchers
from largesse.domain.metadata_schemas import CUSTOMER, PUBLICATION, Schemas, typed
from largesse.domain.publications import (
    CHANNEL_DEFAULT,
    CHANNEL_LENGTH_MAX,
    COUNT_MAX,
    Publication,
    check_count,
)
from largesse.wire.assets import AssetUrls
from largesse.wire.customers import CustomerInput, render_customer_short
from largesse.wire.dates import render
from largesse.wire.lists import Query
from largesse.wire.metadata import Metadata
from largesse.wire.names import Id, Ref
from largesse.wire.objects import read_object
from largesse.wire.parse import parse_value
from largesse.wire.vouchers import render_voucher, render_voucher_simplified


class CampaignSource(msgspec.Struct, frozen=True, kw_only=True):
    name: Ref | None = None  # or its id
    count: int | None = None


class PublicationInput(msgspec.Struct, frozen=True, kw_only=True):
    """The body of a create call. Null is as good as absent; `voucher` beats `campaign`.

    `campaign` may be a bare name, `customer` a bare id or source_id. `join_once` stands in the query of newer clients
    and in the body of older ones.
    """

    voucher: Ref | None = None
    campaign: CampaignSource | Ref | None = None
    customer: CustomerInput | Ref | None = None
    channel: Annotated[str, msgspec.Meta(max_length=CHANNEL_LENGTH_MAX)] | None = None
    source_id: Id | None = None
    metadata: Metadata | None = None
    join_once: bool | None = None

    def source(self, *, count_max: int = COUNT_MAX) -> tuple[str | None, str | None, int]:
        """Voucher, campaign and count, of which voucher or campaign is set.

        Raises MissingVouchers, InvalidPayload and TooManyVouchersRequested.
        """
        if self.voucher:
            return self.voucher, None, 1
        campaign = CampaignSource(name=self.campaign) if isinstance(self.campaign, str) else self.campaign
        if campaign is None or not campaign.name:
            raise MissingVouchers("Either Campaign or Voucher is required")
        count = 1 if campaign.count is None else campaign.count
        if count < 1:
            raise InvalidPayload("Property .campaign.count must be >= 1")
        check_count(count, self.source_id or None, count_max=count_max)
        return None, campaign.name, count

    def recipient(self) -> tuple[str | None, str | None, dict[str, Any] | None]:
        """Id, source_id and profile of the customer; id beats source_id, and both may be missing (a new customer).

        Raises InvalidPayload when nobody is named.
        """
        if not self.customer or self.customer == CustomerInput():
            raise InvalidPayload("Payload must have required property 'customer'")
        if isinstance(self.customer, str):
            return (*_reference(self.customer), None)
        profile = _profile(self.customer)
        if self.customer.id:
            return self.customer.id, None, profile
        return (*_reference(self.customer.source_id or None), profile)

    @property
    def channel_or_default(self) -> str:
        return self.channel or CHANNEL_DEFAULT


_COUNT: Final = re.compile(r"-?\d{1,18}", re.ASCII)


def read_publication_query(query: Query) -> PublicationInput:
    """The query of a create call as the body that it stands for.

    Every value is a text there: the count becomes a number, metadata stays as it is until `typed_publication`. Raises
    InvalidQueryParams with every fault.
    """
    said = {name: read_object(query, name) for name in ("campaign", "customer", "metadata")}
    said |= {"voucher": query.text("voucher"), "source_id": query.text("source_id")}
    said["join_once"] = query.boolean("join_once")
    query.not_blank("source_id")  # a publication that can't be repeated is not what was asked for
    campaign = said["campaign"]
    if isinstance(campaign, dict) and _COUNT.fullmatch(str(campaign.get("count"))):
        campaign["count"] = int(campaign["count"])
    if not said["customer"]:
        query.missing("customer")
    query.check()
    try:
        wanted = parse_value(said, PublicationInput)
    except InvalidPayload as error:
        raise InvalidQueryParams(error.details) from error
    if wanted.customer == CustomerInput():
        query.missing("customer")
        query.check()
    return wanted


def typed_publication(schemas: Schemas, wanted: PublicationInput) -> PublicationInput:
    """What came as a query string, its metadata and the customer's in the types that the schemas ask for."""
    customer = wanted.customer
    if isinstance(customer, CustomerInput) and isinstance(customer.metadata, dict):
        customer = replace(customer, metadata=Metadata(typed(schemas, CUSTOMER, customer.metadata)))
    metadata = None if wanted.metadata is None else Metadata(typed(schemas, PUBLICATION, wanted.metadata))
    return replace(wanted, customer=customer, metadata=metadata)


def _reference(name: str | None) -> tuple[str | None, str | None]:
    """What looks like an id of ours is one: a source_id never starts so."""
    if name is not None and len(name) > SOURCE_ID_LENGTH_MAX:
        raise InvalidPayload(f"Property .customer.source_id must have 1 to {SOURCE_ID_LENGTH_MAX} characters")
    return (name, None) if name is not None and name.startswith(ID_PREFIX) else (None, name)


def _profile(customer: CustomerInput) -> dict[str, Any] | None:
    """The fields to write, as the publish statement takes them: dates as text, nothing that wasn't said."""
    said = customer.profile()
    profile: dict[str, Any] = {
        "name": said.name,
        "description": said.description,
        "email": said.email,
        "phone": said.phone,
        "birthday": said.birthday and said.birthday.isoformat(),
        "birthdate": said.birthdate and said.birthdate.isoformat(),
        "address": said.address,
        "metadata": said.metadata,
    }
    return {key: value for key, value in profile.items() if value is not None} or None


def render_publication(publication: Publication, assets: AssetUrls) -> dict[str, Any]:
    """The answer of a create call: the whole voucher of a single publication, the codes of a multiple one."""
    out = _render_common(publication)
    if publication.voucher is not None:
        out["voucher"] = render_voucher(publication.voucher, assets)
    elif len(publication.codes) == 1:
        out["voucher"] = _render_deleted(publication)
    else:
        out["vouchers"] = publication.codes
    out["vouchers_id"] = publication.voucher_ids
    return out


def render_publication_in_list(publication: Publication) -> dict[str, Any]:
    """One of three forms: a single success, a multiple success, a failure (docs/semantics/publication.md)."""
    out = _render_common(publication)
    if publication.failure_code is not None:
        out["failure_code"] = publication.failure_code
        out["failure_message"] = publication.failure_message
    elif publication.voucher is not None:
        out["voucher"] = render_voucher_simplified(publication.voucher)
    elif len(publication.codes) == 1:
        out["voucher"] = _render_deleted(publication)
    else:
        out["vouchers"] = publication.codes
    out["vouchers_id"] = publication.voucher_ids
    return out


def _render_deleted(publication: Publication) -> dict[str, Any]:
    """What is left of a single publication's voucher that was deleted for good since: its id and code."""
    return {"id": publication.voucher_ids[0], "code": publication.codes[0], "object": "voucher", "campaign": None}


def _render_common(publication: Publication) -> dict[str, Any]:
    return {
        "id": publication.id,
        "object": "publication",
        "created_at": render(publication.created_at),
        "customer_id": publication.customer_id,
        "tracking_id": publication.tracking_id,
        "metadata": publication.metadata,
        "channel": publication.channel,
        "source_id": publication.source_id,
        "result": publication.result,
        "customer": None if publication.customer is None else render_customer_short(publication.customer),
    }
