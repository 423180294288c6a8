"""Change the balance of a gift or loyalty card (docs/semantics/balance.md)."""

from largesse.actions.scope import Scope
from largesse.actions.vouchers import get_voucher, reread_voucher
from largesse.domain.transactions import (
    SOURCE_API,
    SOURCE_DASHBOARD,
    Transaction,
    check_card,
    check_repeat,
    impossible_change,
    transaction_type,
)
from largesse.domain.vouchers import GIFT_VOUCHER, Voucher
from largesse.events.catalogue import EventType
from largesse.events.outbox import append
from largesse.store import transactions as store
from largesse.store.campaigns import get_campaign
from largesse.wire.discounts import AMOUNT_MAX
from largesse.wire.transactions import BalanceInput


async def change_balance(scope: Scope, code_or_id: str, sent: BalanceInput) -> tuple[Voucher, Transaction]:
    """The voucher after the change, and the change. With a `source_id` it is made once for a card: the same change
    sent again answers the first one's result, and changes nothing.

    Raises NotFound, InvalidVoucher for a voucher without a balance, InvalidAddBalanceParams for one that is too low and
    for another change with the same `source_id`.
    """
    voucher = await get_voucher(scope, code_or_id)
    if (first := await _made_before(scope, voucher, sent)) is not None:
        return voucher, first
    check_card(voucher)
    try:
        async with scope.connection.transaction():
            transaction = await _change(scope, voucher, sent)
    except store.AlreadyChanged:
        transaction = None
    if transaction is None:  # too low, or another request with this source_id came first: by now its row is visible
        voucher = await reread_voucher(scope, voucher.id)
        if (first := await _made_before(scope, voucher, sent)) is not None:
            return voucher, first
        check_card(voucher)
        raise impossible_change(voucher, sent.amount, total_max=AMOUNT_MAX)
    changed = await reread_voucher(scope, voucher.id)
    gift = voucher.type == GIFT_VOUCHER
    name = EventType.VOUCHER_GIFT_TRANSACTION_CREATED if gift else EventType.VOUCHER_LOYALTY_TRANSACTION_CREATED
    campaign = None
    if changed.campaign_id is not None:
        campaign = await get_campaign(scope.connection, scope.project.id, changed.campaign_id)
    frozen = {"voucher": changed, "transaction": transaction, "campaign": campaign}
    await append(scope, name, voucher.id, frozen)
    return changed, transaction


async def _made_before(scope: Scope, voucher: Voucher, sent: BalanceInput) -> Transaction | None:
    """Raises InvalidAddBalanceParams."""
    if not sent.source_id:
        return None
    first = await store.find_by_source_id(scope.connection, scope.project.id, voucher.id, sent.source_id)
    if first is not None:
        check_repeat(first, sent.amount)
    return first


async def _change(scope: Scope, voucher: Voucher, sent: BalanceInput) -> Transaction | None:
    """None when the database refuses the change. Raises AlreadyChanged; then the caller rolls back."""
    after = await store.change_balance(
        scope.connection, scope.project.id, voucher.id, sent.amount, total_max=AMOUNT_MAX
    )
    if after is None:
        return None
    return await store.append_transaction(
        scope.connection,
        scope.project.id,
        scope.ids.new("vtx_"),  # after the row was locked: the order of a card's ids is the order of its changes
        voucher,
        type=transaction_type(voucher.type, sent.amount),
        amount=sent.amount,
        after=after,
        source=SOURCE_DASHBOARD if scope.by_person else SOURCE_API,
        source_id=sent.source_id or None,
        reason=sent.reason or None,
    )
