"""How long pools will last, and who is told when it isn't long (ours)."""

from typing import Final

from largesse.actions.campaigns import get_campaign
from largesse.actions.scope import Scope
from largesse.domain.campaigns import Campaign
from largesse.domain.runways import Runway, burn_of, runway_of
from largesse.events.catalogue import CAMPAIGN_POOL_LOW
from largesse.events.outbox import append
from largesse.store import campaigns
from largesse.store import runways as store

CHECK_S: Final = 60.0
"""How often a pool with an alert is looked at."""
CHECK_CHUNK: Final = 50


async def get_runway(scope: Scope, id_or_name: str) -> tuple[Campaign, Runway]:
    """Raises NotFound."""
    campaign = await get_campaign(scope, id_or_name)
    below_days = await store.get_alert(scope.connection, scope.project.id, campaign.id)
    return campaign, await _runway(scope, campaign, below_days)


async def set_alert(scope: Scope, id_or_name: str, below_days: int | None) -> tuple[Campaign, Runway]:
    """Have it told when the pool won't last so long any more; None: no longer. Raises NotFound."""
    campaign = await get_campaign(scope, id_or_name)
    await store.set_alert(scope.connection, scope.project.id, campaign.id, below_days)
    return campaign, await _runway(scope, campaign, below_days)


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
        if runway.is_low and not alert.is_low:
            await append(scope, CAMPAIGN_POOL_LOW, campaign.id, {"campaign": campaign, "runway": runway})
        await store.save_check(scope.connection, scope.project.id, campaign.id, is_low=runway.is_low)
    return len(alerts) == CHECK_CHUNK
