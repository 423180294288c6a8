"""Change the balance of a gift or loyalty card (spec vouchers-and-campaigns §6)."""

from largesse.actions.scope import Scope
from largesse.actions.vouchers import get_voucher, reread_voucher
from largesse.domain.transactions import (
    SOURCE_API,
    SOURCE_DASHBOARD,
    Transaction,
    check_card,
    impossible_change,
    transaction_type,
)
from largesse.domain.vouchers import GIFT_VOUCHER, Voucher
from largesse.events import catalogue
from largesse.events.outbox import append
from largesse.store import transactions as store
from largesse.store.campaigns import get_campaign
from largesse.wire.discounts import AMOUNT_MAX
from largesse.wire.transactions import BalanceInput


async def change_balance(scope: Scope, code_or_id: str, sent: BalanceInput) -> tuple[Voucher, Transaction]:
    """The voucher after the change, and the change. Twice is twice: a source_id doesn't make it idempotent.

    Raises NotFound, InvalidVoucher for a voucher without a balance, InvalidAddBalanceParams for one that is too low.
    """
    voucher = await get_voucher(scope, code_or_id)
    check_card(voucher)
    after = await store.change_balance(
        scope.connection, scope.project.id, voucher.id, sent.amount, total_max=AMOUNT_MAX
    )
    if after is None:
        voucher = await reread_voucher(scope, voucher.id)  # as the change has found it
        check_card(voucher)
        raise impossible_change(voucher, sent.amount, total_max=AMOUNT_MAX)
    transaction = await store.append_transaction(
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
    changed = await reread_voucher(scope, voucher.id)
    gift = voucher.type == GIFT_VOUCHER
    name = catalogue.VOUCHER_GIFT_TRANSACTION_CREATED if gift else catalogue.VOUCHER_LOYALTY_TRANSACTION_CREATED
    campaign = None
    if changed.campaign_id is not None:
        campaign = await get_campaign(scope.connection, scope.project.id, changed.campaign_id)
    frozen = {"voucher": changed, "transaction": transaction, "campaign": campaign}
    await append(scope, name, voucher.id, frozen)
    return changed, transaction
