"""An empty or blank id names nobody and nothing: it is refused wherever an id may stand, and nothing is made of it."""

import pytest

from tests.http.test_publications import assert_refused
from tests.http.test_publishing import integration

__all__ = ["integration"]

BLANK = ["", " ", "\t\n", "\u00a0 "]
CODE = {"type": "DISCOUNT_VOUCHER", "discount": {"type": "AMOUNT", "amount_off": 1}}
CAMPAIGN = {
    "name": "pool",
    "campaign_type": "DISCOUNT_COUPONS",
    "join_once": True,
    "vouchers_count": 0,
    "voucher": CODE,
}
EVENT = {"event": "came"}


async def refuse(api, path, body):
    answer = await api.post(path, json=body)
    assert_refused(answer, 400, "invalid_payload")
    assert "must not be empty or blank" in answer.json()["details"], answer.json()


@pytest.mark.parametrize("blank", BLANK)
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/publications", lambda x: {"voucher": "C-1", "customer": {"source_id": x}}),
        ("/v1/publications", lambda x: {"voucher": "C-1", "customer": {"id": x}}),
        ("/v1/publications", lambda x: {"voucher": "C-1", "customer": x}),
        ("/v1/publications", lambda x: {"voucher": "C-1", "customer": {"source_id": x, "email": "a@example.com"}}),
        ("/v1/publications", lambda x: {"voucher": "C-1", "customer": "c", "source_id": x}),
        ("/v1/publications", lambda x: {"voucher": x, "campaign": "pool", "customer": "c"}),
        ("/v1/publications", lambda x: {"campaign": {"name": x}, "customer": "c"}),
        ("/v1/customers", lambda x: {"source_id": x}),
        ("/v1/customers", lambda x: {"id": x, "name": "A"}),
        ("/v1/customers/bulk/async", lambda x: [{"source_id": "a"}, {"source_id": x}]),
        ("/v1/customers/metadata/async", lambda x: {"source_ids": ["a", x], "metadata": {"a": 1}}),
        ("/v1/vouchers/bulk/async", lambda x: [{"code": x, "metadata": {"a": 1}}]),
        ("/v1/vouchers/metadata/async", lambda x: {"codes": ["C-1", x], "metadata": {"a": 1}}),
        ("/v1/vouchers", lambda x: CODE | {"campaign": x}),
        ("/v1/vouchers/C-2", lambda x: CODE | {"category_id": x}),
        ("/v1/segments", lambda x: {"name": "s", "customers": [x]}),
        ("/v1/events", lambda x: EVENT | {"customer": {"source_id": x}}),
        ("/v1/events", lambda x: EVENT | {"customer": {"source_id": "c"}, "referral": {"code": x}}),
        ("/v1/vouchers/C-1/balance", lambda x: {"amount": 1, "source_id": x}),
    ],
)
async def test_a_blank_id_in_a_body_is_refused(api, pool, blank, path, body):
    await api.post("/v1/vouchers/C-1", json=CODE)
    await api.post("/v1/campaigns", json=CAMPAIGN)
    await refuse(api, path, body(blank))
    assert await pool.fetchval("SELECT count(*) FROM customers") == 0
    assert await pool.fetchval("SELECT count(*) FROM publications") == 0


@pytest.mark.parametrize("blank", BLANK)
async def test_a_blank_holder_of_a_referral_code_is_refused(api, blank):
    await refuse(api, "/v1/referrals/members/X/holders", {"holders": [{"source_id": blank}]})


@pytest.mark.parametrize("query", ["customer[source_id]=", "customer[id]=%20", "customer=%20", "customer[source_id]=c&source_id=",
                                   "customer[source_id]=%09&customer[name]=A"])  # fmt: skip
async def test_a_blank_id_in_the_query_of_a_publication_is_refused(integration, pool, query):
    answer = await integration.get(f"/v1/publications/create?voucher=C-1&{query}")
    assert_refused(answer, 400, "invalid_query_params")
    assert await pool.fetchval("SELECT count(*) FROM customers") == 0
