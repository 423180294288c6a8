"""Who stands on the suppression list gets nothing, however the address is spelled there or at the customer."""

import pytest

from largesse.store import distribution_messages as messages
from largesse.store import suppressions
from largesse.store.lists import Narrowing
from tests.http.test_publications import assert_refused

PATH = "/v1/suppressions"


async def suppressed(api, pool, project, customer: dict[str, str]) -> set[str]:
    """The channels on which a customer like this gets nothing: by all that decides about it."""
    id_ = (await api.post("/v1/customers", json={"source_id": "x", **customer})).json()["id"]
    narrowing = Narrowing({"customer_id": id_})
    async with pool.acquire() as connection, connection.transaction():
        [candidate] = await messages.audience(connection, project, narrowing, None, "", 10)
        known = await messages.materials(connection, project.id, [id_], [])
        counted = await messages.count_audience(connection, project, narrowing, None, 10, limited=False)
    person = candidate.person
    found = {name for name, no in (("email", person.no_email), ("sms", person.no_sms)) if no}
    assert set(known[id_]["suppressed"]) == found
    assert {name for name, no in (("email", counted[0][0].no_email), ("sms", counted[0][0].no_sms)) if no} == found
    return found


@pytest.mark.parametrize(
    ("listed", "at_customer"),
    [
        (" ann@example.com ", "Ann@example.com"),
        ("mailto:ann@example.com?subject=unsubscribe", "ann@example.com"),
        ("Ann Doe <ANN@example.com>", "ann@example.com"),
        ("ann@example.com", " ann@Example.com "),
    ],
)
async def test_an_e_mail_address(api, pool, project, listed, at_customer):
    answer = await api.post(PATH, json={"channel": "email", "target": listed})
    assert answer.json()["target"] == "ann@example.com"
    assert await suppressed(api, pool, project, {"email": at_customer}) == {"email"}
    assert await suppressed(api, pool, project, {"email": "bob@example.com"}) == set()


@pytest.mark.parametrize(
    ("listed", "at_customer"),
    [
        ("+49 (0)151 1234 5678", "+4915112345678"),
        ("0151/12345678", "+49 151 12345678"),
        ("+4915112345678", "0151 1234 5678"),
        ("0049 151 12345678", "(0151) 12345678"),
    ],
)
async def test_a_phone_number_with_the_projects_own_country(api, pool, project, listed, at_customer):
    await pool.execute('UPDATE projects SET details = details || \'{"dial_code": "49"}\' WHERE id = $1', project.id)
    answer = await api.post(PATH, json={"channel": "sms", "target": listed})
    assert answer.json()["target"] == "+4915112345678"
    assert await suppressed(api, pool, project, {"phone": at_customer}) == {"sms"}
    assert await suppressed(api, pool, project, {"phone": "+4915187654321"}) == set()


@pytest.mark.parametrize(
    ("channel", "target"),
    [("email", "ann"), ("email", "ann@example.com; bob@example.com"), ("email", "+4915112345678"), ("sms", "0151 12345678"),
     ("sms", "ann@example.com"), ("sms", "12"), ("email", "x" * 240 + "@example.com")],
)  # fmt: skip
async def test_what_would_suppress_nobody_is_refused(api, pool, channel, target):
    assert_refused(await api.post(PATH, json={"channel": channel, "target": target}), 400, "invalid_payload", ".target")
    assert await pool.fetchval("SELECT count(*) FROM suppressions") == 0


async def test_rows_of_before_stay_in_force_and_can_be_taken_off(api, pool, project):
    await pool.execute('UPDATE projects SET details = details || \'{"dial_code": "49"}\' WHERE id = $1', project.id)
    await suppressions.suppress(pool, project.id, "sms", ["0151 12345678"], "by_hand")
    assert await suppressed(api, pool, project, {"phone": "0151 12345678"}) == {"sms"}
    assert (await api.get(PATH, params={"target": "0151 12345678"})).json()["total"] == 1
    assert (await api.delete(f"{PATH}/sms/0151%2012345678")).status_code == 204
    assert (await api.get(PATH)).json()["total"] == 0


async def test_any_spelling_finds_and_removes_it(api):
    await api.post(PATH, json={"channel": "email", "target": "ann@example.com"})
    for target in ("Ann@Example.com", "mailto:ann@example.com", " ann@example.com"):
        assert (await api.get(PATH, params={"target": target})).json()["total"] == 1
    assert (await api.get(PATH, params={"target": "bob@example.com"})).json()["total"] == 0
    assert (await api.delete(f"{PATH}/email/Ann%20%3CANN@example.com%3E")).status_code == 204


async def test_again_has_no_effect(api):
    for target in ("ann@example.com", "ANN@example.com", "cust_x", "cust_x"):
        assert (await api.post(PATH, json={"channel": "email", "target": target})).status_code == 200
    assert (await api.get(PATH)).json()["total"] == 2
