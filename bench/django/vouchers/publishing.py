"""Hand out one random code of a campaign to a customer."""

import secrets
import time

from django.db import transaction
from django.db.models import F, Q
from django.forms.models import model_to_dict
from django.utils import timezone
from rest_framework.exceptions import APIException, NotFound

from vouchers.models import Campaign, CampaignCounter, Customer, Event, Publication, PublicationVoucher, Voucher


class NoVoucherSuitable(APIException):
    status_code = 400
    default_detail = "No voucher suitable for publication"


def new_id(prefix, length):
    """Ordered by time, so that inserts stay at the right edge of an index."""
    return f"{prefix}{time.time_ns() // 1_000_000:011x}{secrets.token_hex(16)}"[: len(prefix) + length]


@transaction.atomic
def publish(project_id, actor, wanted):
    campaign = Campaign.objects.filter(project_id=project_id, name=wanted["campaign"]["name"], deleted_at=None).first()
    if campaign is None:
        raise NotFound
    customer, is_new = ensure_customer(project_id, wanted["customer"])
    voucher = claim(project_id, campaign)
    voucher.state = Voucher.PUBLISHED
    voucher.holder_id = customer.id
    voucher.publish_count += 1
    voucher.updated_at = timezone.now()
    voucher.save(update_fields=["state", "holder_id", "publish_count", "updated_at"])
    publication = Publication.objects.create(
        project_id=project_id,
        id=new_id("pub_", 32),
        campaign_id=campaign.id,
        customer_id=customer.id,
        tracking_id=customer.source_id,
        source_id=wanted["source_id"],
        channel=wanted["channel"],
        metadata=wanted["metadata"],
        first_code=voucher.code,
        voucher_type=voucher.type,
        first_of_customer=is_new or not has_publication(project_id, campaign, customer),
        created_at=timezone.now(),
    )
    PublicationVoucher.objects.create(
        project_id=project_id,
        voucher_id=voucher.id,
        id=new_id("rh_", 18),
        publication_id=publication.id,
        code=voucher.code,
        customer_id=customer.id,
    )
    write_events(project_id, actor, publication, customer, voucher, campaign, is_new=is_new)
    # Last, because everybody waits for this row.
    CampaignCounter.objects.filter(project_id=project_id, campaign_id=campaign.id).update(
        published=F("published") + 1, publications=F("publications") + 1
    )
    publication.customer, publication.voucher = customer, voucher
    return publication


def ensure_customer(project_id, sent):
    customer, is_new = Customer.objects.get_or_create(
        project_id=project_id,
        source_id=sent["source_id"],
        deleted_at=None,
        defaults={"id": new_id("cust_", 24), **sent},
    )
    changed = {field: value for field, value in sent.items() if getattr(customer, field) != value}
    if changed:
        for field, value in changed.items():
            setattr(customer, field, value)
        customer.updated_at = timezone.now()
        customer.save(update_fields=[*changed, "updated_at"])
    return customer, is_new


def claim(project_id, campaign):
    """A free code at or behind a random place, else one before it; those that others are claiming are passed over."""
    start = secrets.randbits(63)
    free = (
        Voucher.objects.select_for_update(skip_locked=True)
        .filter(Q(expiration_date=None) | Q(expiration_date__gt=timezone.now()))
        .filter(project_id=project_id, campaign_id=campaign.id, state=Voucher.FREE, active=True)
        .order_by("pick_key")
    )
    for half in (free.filter(pick_key__gte=start), free.filter(pick_key__lt=start)):
        voucher = half[:1].first()
        if voucher is not None:
            return voucher
    raise NoVoucherSuitable


def has_publication(project_id, campaign, customer):
    return Publication.objects.filter(
        project_id=project_id, campaign_id=campaign.id, customer_id=customer.id, first_of_customer=True
    ).exists()


def write_events(project_id, actor, publication, customer, voucher, campaign, *, is_new):
    data = {
        "publication": frozen(publication),
        "customer": frozen(customer),
        "campaign": frozen(campaign),
        "vouchers": [frozen(voucher)],
    }
    events = [
        Event(
            project_id=project_id,
            id=new_id("ev_", 32),
            type="publication.succeeded",
            entity_id=publication.id,
            data=data,
            actor=actor,
        )
    ]
    if is_new:
        events.append(
            Event(
                project_id=project_id,
                id=new_id("ev_", 32),
                type="customer.created",
                entity_id=customer.id,
                data={"customer": frozen(customer)},
                actor=actor,
            )
        )
    Event.objects.bulk_create(events)


def frozen(record):
    return {
        name: value.isoformat() if hasattr(value, "isoformat") else value
        for name, value in model_to_dict(record).items()
    }
