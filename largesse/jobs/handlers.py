"""What each kind of job calls: an action that does one chunk."""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from largesse.actions import (
    audits,
    customer_rows,
    distributions,
    exports,
    imports,
    memberships,
    projects,
    runways,
    voucher_rows,
)
from largesse.actions.campaign_vouchers import delete_chunk, fail_action, must_wait, update_chunk
from largesse.actions.distribution_runs import fail_run, run_chunk
from largesse.actions.distribution_sending import send_held
from largesse.actions.export_files import Units, write_file
from largesse.actions.generation import fail_generation, generate_chunk
from largesse.actions.scope import Scope
from largesse.domain.async_actions import (
    CAMPAIGN_IMPORT,
    CAMPAIGN_IMPORT_CSV,
    CUSTOMERS_BULK_UPDATE,
    CUSTOMERS_IMPORT_CSV,
    CUSTOMERS_METADATA_UPDATE,
    PROJECT_AUDIT,
    PROJECT_DELETE,
    VOUCHERS_BULK_UPDATE,
    VOUCHERS_DELETE,
    VOUCHERS_GENERATE,
    VOUCHERS_IMPORT,
    VOUCHERS_IMPORT_CSV,
    VOUCHERS_METADATA_UPDATE,
    VOUCHERS_UPDATE,
)


class Handler(NamedTuple):
    """`chunk` does one transaction's worth and says whether that was the last; running it twice has one effect.

    `give_up` tells whoever waits that it won't be done; `must_wait` says that another job has to end first. `between`
    does after a chunk what takes longer than a transaction may; it is told to stop by its last argument. `beside` does
    so too, and has the next chunk done meanwhile, by its last argument; it says whether that was the last.
    """

    chunk: Callable[[Scope, str], Awaitable[bool]]
    give_up: Callable[[Scope, str], Awaitable[None]]
    must_wait: Callable[[Scope, str], Awaitable[bool]] | None = None
    between: Callable[[Units, str, Callable[[], bool]], Awaitable[None]] | None = None
    beside: Callable[[Units, str, Callable[[], bool], Callable[[], Awaitable[bool]]], Awaitable[bool]] | None = None


HANDLERS: Final[Mapping[str, Handler]] = MappingProxyType(
    {
        VOUCHERS_GENERATE: Handler(generate_chunk, fail_generation),
        VOUCHERS_UPDATE: Handler(update_chunk, fail_action, must_wait),
        # A generation that finds its campaign deleted ends by itself; until then new codes must not appear behind us.
        VOUCHERS_DELETE: Handler(delete_chunk, fail_action, must_wait),
        CUSTOMERS_BULK_UPDATE: Handler(customer_rows.update_chunk, customer_rows.fail_update),
        CUSTOMERS_METADATA_UPDATE: Handler(customer_rows.metadata_chunk, customer_rows.fail_update),
        CUSTOMERS_IMPORT_CSV: Handler(customer_rows.import_chunk, customer_rows.fail_import),
        CAMPAIGN_IMPORT: Handler(imports.import_chunk, imports.fail_import),
        CAMPAIGN_IMPORT_CSV: Handler(imports.import_chunk, imports.fail_import),
        VOUCHERS_IMPORT: Handler(imports.import_chunk, imports.fail_import),
        VOUCHERS_IMPORT_CSV: Handler(imports.import_chunk, imports.fail_import),
        VOUCHERS_BULK_UPDATE: Handler(voucher_rows.update_chunk, voucher_rows.fail_update),
        PROJECT_AUDIT: Handler(audits.audit_chunk, audits.fail_audit),
        PROJECT_DELETE: Handler(projects.clear_chunk, projects.leave_rows),
        memberships.SYNC: Handler(memberships.sync_chunk, memberships.give_up_sync),
        distributions.JOB: Handler(run_chunk, fail_run, beside=send_held),
        runways.JOB: Handler(runways.mail_chunk, runways.give_up_mail, between=runways.mail_low),
        exports.JOB: Handler(exports.export_chunk, exports.fail_export, between=write_file),
        VOUCHERS_METADATA_UPDATE: Handler(voucher_rows.metadata_chunk, voucher_rows.fail_update),
    }
)

LONG: Final = frozenset(kind for kind, handler in HANDLERS.items() if handler.between or handler.beside)
"""Kinds that may keep a slot for minutes: some of the slots aren't theirs."""
