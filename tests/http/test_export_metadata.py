"""The column of metadata in exports of things that have none."""

import httpx
import pytest

from largesse.domain.projects import Project
from largesse.store.connection import Pool
from tests.factories.campaigns import add_vouchers
from tests.http.test_exports import done, published, text_of


@pytest.mark.parametrize(
    ("name", "field", "text"),
    [
        ("publication", "voucher_code", "Voucher Code\nA\n"),
        ("voucher", "code", "Code\nA\n"),
        ("customer", "source_id", "Source ID\nalice\n"),
    ],
)
async def test_metadata_that_nobody_has_is_no_column(
    api: httpx.AsyncClient, pool: Pool, project: Project, name: str, field: str, text: str
) -> None:
    await add_vouchers(pool, project, None, ["A"])
    await published(api, voucher="A", customer="alice")
    assert await text_of(api, pool, name, fields=[field, "metadata"]) == text
    assert (await done(api, pool, name, fields=["metadata"]))["status"] == "DONE"
