"""Referral programmes in the database. The holders of a code are read by store/redeemables.py."""

from typing import Any, Final

import msgspec

from largesse.domain.referrals import SHOWN_MAX, Referee, Referral, Referrals
from largesse.store.connection import Connection
from largesse.store.sql import load

SQL: Final = load("referrals")


async def add_referees(
    connection: Connection, project_id: int, voucher_id: str, referees: dict[str, str], metadata: dict[str, Any]
) -> list[Referee]:
    """`referees`: customer id to holder id. Those who have the code already don't come back."""
    rows = await connection.fetch(
        SQL["add_referees"], project_id, voucher_id, list(referees), list(referees.values()), metadata
    )
    return [Referee(*row) for row in rows]


async def remove_referee(connection: Connection, project_id: int, voucher_id: str, id: str) -> Referee | None:
    row = await connection.fetchrow(SQL["remove_referee"], project_id, voucher_id, id)
    return None if row is None else Referee(*row)


async def is_referrer(connection: Connection, project_id: int, voucher_id: str, id: str) -> bool:
    return bool(await connection.fetchval(SQL["is_referrer"], project_id, voucher_id, id))


async def leave_codes(connection: Connection, project_id: int, customer_id: str) -> None:
    """A customer who goes is nobody's referee any more; that he was referred stays."""
    await connection.execute(SQL["leave_codes"], project_id, customer_id)


async def add_referral(
    connection: Connection, project_id: int, *, customer_id: str, voucher_id: str, referral: Referral
) -> Referral | None:
    """With the moment of the database; None when the campaign referred the customer before."""
    row = await connection.fetchrow(
        SQL["add_referral"],
        project_id,
        referral.campaign_id,
        customer_id,
        referral.referrer_id,
        voucher_id,
        referral.related_object_id,
        referral.related_object_type,
    )
    return None if row is None else Referral(**row)


async def referrals_of(connection: Connection, project_id: int, customer_ids: list[str]) -> dict[str, Referrals]:
    """By customer; those with no part in any aren't there."""
    rows = await connection.fetch(SQL["referrals_of"], project_id, customer_ids, SHOWN_MAX)
    return {
        row["customer_id"]: Referrals(
            latest=msgspec.convert(row["latest"], list[Referral]),
            total=row["total"],
            referred=row["referred"],
            referred_by=row["referred_by"],
        )
        for row in rows
    }
