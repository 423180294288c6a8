"""Bodies of bulk requests."""

from typing import Any

import msgspec

from largesse.domain.errors import InvalidPayload
from largesse.wire.metadata import Metadata
from largesse.wire.names import Ref


class CustomersMetadataInput(msgspec.Struct, frozen=True, kw_only=True):
    """The same metadata for several customers."""

    source_ids: list[Ref]
    metadata: Metadata


class VoucherMetadataRow(msgspec.Struct, frozen=True, kw_only=True):
    code: Ref
    metadata: Metadata


class VouchersMetadataInput(msgspec.Struct, frozen=True, kw_only=True):
    """The same metadata for several vouchers."""

    codes: list[Ref]
    metadata: Metadata


def check_rows(rows: list[Any]) -> list[Any]:
    """Raises InvalidPayload when there is nothing to do."""
    if not rows:
        raise InvalidPayload("Payload must not have fewer than 1 items")
    return rows
