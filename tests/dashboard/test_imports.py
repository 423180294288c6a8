"""Files that somebody imports: what is wrong with one is said before anything is imported, and it is imported once."""

import asyncio

import httpx
import pytest

from largesse.http.services import Services
from largesse.store.connection import Pool
from tests.dashboard.conftest import Person, shown

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x01\x00\xff\xfe"
VOUCHERS = b"Code,Voucher Type,Discount Type,Value\nA-1,DISCOUNT_VOUCHER,PERCENT,10\n"
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%DELETE FROM uploads%'"


async def kept(pool: Pool) -> tuple[int, int, int]:
    """How many files, imports and codes there are."""
    row = await pool.fetchrow(
        "SELECT (SELECT count(*) FROM uploads), (SELECT count(*) FROM async_actions), (SELECT count(*) FROM vouchers)"
    )
    assert row is not None
    return tuple(row)


async def upload(person: Person, content: bytes, kind: str = "vouchers", name: str = "codes.csv") -> httpx.Response:
    return await person.post("/imports", {"kind": kind}, {"file": (name, content, "text/csv")})


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "Choose a file that has something in it."),
        (PNG, "UTF-8"),
        (b"Code,Code\nA,B\n", "two columns of one name"),
        (b"Code,Voucher Type\n\n", "no rows"),
    ],
)
async def test_a_file_that_is_none_is_refused_beside_its_field(
    dashboard: Person, pool: Pool, content: bytes, says: str
) -> None:
    answer = await upload(dashboard, content)
    assert answer.status_code == 400
    error = answer.text.partition('id="error-file"')[2].partition("</")[0]
    assert says.lower() in error.lower(), error
    assert await kept(pool) == (0, 0, 0)


async def test_a_file_that_is_too_large_is_refused(dashboard: Person, pool: Pool, services: Services) -> None:
    answer = await upload(dashboard, b"Code\n" + b"A-1\n" * (services.body_bytes_max // 4 + 1))
    assert answer.status_code == 413
    assert "Must not be larger than" in shown(answer)
    assert await kept(pool) == (0, 0, 0)


@pytest.mark.parametrize(
    ("content", "columns", "says"),
    [
        (b"Number\nA-1\n", {"c0": ""}, "One of the columns must be the code"),
        (b"Code,Other\nA-1,B\n", {"c0": "code", "c1": "code"}, "Two columns can't both be Code"),
        (b"Code\nA-1\n", {"c0": "Colour"}, "Choose one of these."),
        (b"Code\nA-1\n", {"c0": ""}, "never metadata"),
    ],
)
async def test_columns_that_are_wrong_are_said_before_anything_is_imported(
    dashboard: Person, pool: Pool, content: bytes, columns: dict[str, str], says: str
) -> None:
    where = (await upload(dashboard, content)).headers["location"]
    answer = await dashboard.post(where, columns | {"step": "import"})
    assert answer.status_code == 400
    assert says in shown(answer)
    assert await kept(pool) == (1, 0, 0)


async def test_a_file_is_imported_once_however_many_ask_for_it(dashboard: Person, pool: Pool) -> None:
    where = (await upload(dashboard, VOUCHERS)).headers["location"]
    columns = {f"c{place}": name for place, name in enumerate(VOUCHERS.decode().partition("\n")[0].lower().split(","))}
    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("DELETE FROM uploads")  # somebody else's import, which isn't committed yet
        second = asyncio.create_task(dashboard.post(where, columns | {"step": "import"}))
        async with asyncio.timeout(30):
            while not await pool.fetchval(WAITING):
                assert not second.done(), shown(second.result())
                await asyncio.sleep(0.01)
        await transaction.commit()
        answer = await second
    assert answer.status_code == 404
    assert await kept(pool) == (0, 0, 0)
    where = (await upload(dashboard, VOUCHERS)).headers["location"]
    answers = [await dashboard.post(where, columns | {"step": "import"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 404]
    assert await kept(pool) == (0, 1, 0)
