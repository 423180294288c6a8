"""Verbs on publications that aren't the batched statement's: see actions/publishing.py for that one."""

from largesse.actions.ids import IdSource
from largesse.domain.publications import CustomerReference, PublicationRequest
from largesse.wire.publications import PublicationInput


def publication_request(
    wanted: PublicationInput,
    ids: IdSource,
    *,
    join_once: bool | None = None,
    count_max: int,
    request_id: str | None = None,
    actor: str | None = None,
) -> PublicationRequest:
    """Give the request its ids, once and for all its tries.

    `join_once`: what the query says; it beats the body. Raises MissingVouchers, TooManyVouchersRequested and
    InvalidPayload (docs/semantics/publication.md).
    """
    customer_id, customer_source_id, profile = wanted.recipient()
    voucher, campaign, count = wanted.source(count_max=count_max)
    millis, counter = ids.reserve_hex(count)
    return PublicationRequest(
        id=ids.new("pub_"),
        holder_millis=f"{millis:011x}",
        holder_counter=counter,
        voucher=voucher,
        campaign=campaign,
        count=count,
        customer=CustomerReference(
            id=customer_id,
            source_id=customer_source_id,
            new_id=None if customer_id is not None else ids.new("cust_"),
            profile=profile,
        ),
        source_id=wanted.source_id or None,
        join_once=bool(wanted.join_once if join_once is None else join_once),
        channel=wanted.channel_or_default,
        metadata=wanted.metadata or {},
        request_id=request_id,
        actor=actor,
    )
