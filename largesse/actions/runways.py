"""How long pools will last, and who is told when it isn't long (ours)."""

from collections.abc import Callable
from typing import Final

from largesse.actions.campaigns import get_campaign
from largesse.actions.courier import REFUSED, UNREACHED, Mail
from largesse.actions.export_files import Units
from largesse.actions.scope import Scope
from largesse.domain.campaigns import Campaign
from largesse.domain.distributions import EMAIL
from largesse.domain.runways import Runway, burn_of, low_words, runway_of
from largesse.events.catalogue import EventType
from largesse.events.outbox import append
from largesse.store import campaigns
from largesse.store import runways as store
from largesse.store.jobs import enqueue_job
from largesse.store.runways import AlertMail

CHECK_S: Final = 60.0
"""How often a pool with an alert is looked at."""
CHECK_CHUNK: Final = 50
JOB: Final = "POOL_MAIL"
"""The job whose action is the campaign."""


async def get_runway(scope: Scope, id_or_name: str) -> tuple[Campaign, Runway, AlertMail | None]:
    """Raises NotFound."""
    campaign = await get_campaign(scope, id_or_name)
    below_days, mail = await store.get_alert(scope.connection, scope.project.id, campaign.id)
    return campaign, await _runway(scope, campaign, below_days), mail


async def set_alert(
    scope: Scope, id_or_name: str, below_days: int | None, mail: AlertMail | None
) -> tuple[Campaign, Runway, AlertMail | None]:
    """Have it told, and mailed, when the pool won't last so long any more; None: no longer. Raises NotFound."""
    campaign = await get_campaign(scope, id_or_name)
    await store.set_alert(scope.connection, scope.project.id, campaign.id, below_days, mail)
    return await get_runway(scope, campaign.id)


async def _runway(scope: Scope, campaign: Campaign, below_days: int | None) -> Runway:
    recent = await store.count_recent(scope.connection, scope.project.id, campaign.id)
    burn = burn_of(recent.codes, recent.publications, recent.oldest_age, recent.age)
    return runway_of(campaign, recent.free, burn, below_days)


async def check_pools(scope: Scope) -> bool:
    """Tell which pools became low, each time once: whoever holds the row decides. True when there may be more."""
    alerts = await store.claim_alerts(scope.connection, scope.project.id, CHECK_S, CHECK_CHUNK)
    for alert in alerts:
        campaign = await campaigns.get_campaign(scope.connection, scope.project.id, alert.campaign_id)
        if campaign is None or campaign.id != alert.campaign_id:  # in the bin, or gone
            await store.set_alert(scope.connection, scope.project.id, alert.campaign_id, None)
            continue
        runway = await _runway(scope, campaign, alert.below_days)
        became_low = runway.is_low and not alert.is_low
        if became_low:
            await append(scope, EventType.CAMPAIGN_POOL_LOW, campaign.id, {"campaign": campaign, "runway": runway})
        await store.save_check(
            scope.connection, scope.project.id, campaign.id, is_low=runway.is_low, is_mailed=became_low
        )
        if became_low and alert.mail_to:
            await enqueue_job(scope.connection, scope.project.id, JOB, campaign.id)
    return len(alerts) == CHECK_CHUNK


class NotMailed(Exception):
    """Somebody couldn't be told; it is tried again."""


async def mail_chunk(scope: Scope, campaign_id: str) -> bool:
    """True when nobody waits for a mail any more."""
    return await store.mail_due(scope.connection, scope.project.id, campaign_id) is None


async def mail_low(units: Units, campaign_id: str, _stopping: Callable[[], bool]) -> None:
    """Tell the operators by mail that a pool is low. Raises NotMailed for those whom it is to be tried again for."""
    async with units() as scope:
        due = await store.mail_due(scope.connection, scope.project.id, campaign_id)
        if due is None:
            return
        campaign, runway, _ = await get_runway(scope, campaign_id)
        courier, ids = scope.courier, scope.ids
    assert courier is not None, "a worker without a courier can't send"
    if (against := courier.unable(EMAIL)) is not None:
        raise NotMailed(against)
    subject, text = low_words(campaign, runway)
    done: list[str] = []
    failed: list[str] = []
    for recipient in due.to:
        mail = Mail(ids.new("msg_"), due.sender, None, None, recipient, subject, None, text, None)
        delivery = await courier.mail(mail)
        again = delivery.result == UNREACHED or (delivery.result == REFUSED and delivery.again)
        (failed if again else done).append(recipient)
    async with units() as scope:
        await store.mailed(scope.connection, scope.project.id, campaign_id, done)
    if failed:
        raise NotMailed(f"{len(failed)} of {len(due.to)} mails about the pool could not be sent yet")


async def give_up_mail(scope: Scope, campaign_id: str) -> None:
    """The event was told all the same."""
    await store.mailed(scope.connection, scope.project.id, campaign_id, None)
