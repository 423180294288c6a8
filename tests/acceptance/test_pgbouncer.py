"""Through a PgBouncer in transaction mode: publishing, lists and jobs."""

import asyncio
import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.acceptance.server import data_folder, free_port, serving, wait_until

PGBOUNCER = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(PGBOUNCER is None, reason="PgBouncer isn't installed here")]
SECRET = "0123456789abcdef0123456789abcdef"


@contextlib.contextmanager
def bouncer(direct_url: str) -> Iterator[str]:
    """The same database through a PgBouncer of two server connections."""
    parts, port = urlsplit(direct_url), free_port()
    with data_folder() as folder:
        target = f"host={parts.hostname} port={parts.port or 5432} user={parts.username}"
        password = f" password={parts.password}" if parts.password else ""
        (folder / "users").write_text('"postgres" ""\n')
        (folder / "ini").write_text(
            f"[databases]\n* = {target}{password}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n"
            f"unix_socket_dir =\nauth_type = any\nauth_file = {folder}/users\npool_mode = transaction\n"
            "default_pool_size = 2\n"
        )
        user = ["-u", "nobody"] if os.geteuid() == 0 else []
        with (folder / "log").open("ab") as log:
            process = subprocess.Popen([str(PGBOUNCER), *user, str(folder / "ini")], stdout=log, stderr=log)
        try:
            assert wait_until(lambda: "process up" in (folder / "log").read_text(), 10)
            yield f"postgresql://postgres@127.0.0.1:{port}{parts.path}"
        finally:
            process.kill()
            process.wait(10)


def carries_prepared_statements() -> bool:
    told = subprocess.run([str(PGBOUNCER), "--version"], capture_output=True, text=True, check=True).stdout
    return tuple(int(number) for number in told.split()[1].split(".")[:2]) >= (1, 21)


@pytest.fixture
def data() -> Iterator[Path]:
    with data_folder() as folder:
        yield folder


@pytest.mark.parametrize("prepared", ["1", "0"])
def test_codes_are_made_published_and_listed(data: Path, database_url: str, prepared: str) -> None:
    if prepared == "1" and not carries_prepared_statements():
        pytest.skip("this PgBouncer is older than 1.21 and carries no prepared statements")
    if urlsplit(database_url).hostname is None:
        pytest.skip("PgBouncer is pointed at a server on TCP: set LARGESSE_TEST_DATABASE_URL")
    with bouncer(database_url) as url:
        environment = {
            "LARGESSE_DATABASE_URL": url,
            "LARGESSE_DATABASE_DIRECT_URL": database_url,
            "LARGESSE_PREPARED_STATEMENTS": prepared,
            "LARGESSE_SECRET_KEY": SECRET,
        }
        with serving(data, environment=environment) as server:
            made = server.call(
                "POST",
                "/v1/campaigns",
                {"name": "Bounced", "vouchers_count": 40, "voucher": {"type": "DISCOUNT_VOUCHER", "discount": {"type": "PERCENT", "percent_off": 10}}},
            )  # fmt: skip
            assert made[0] == 200, made
            path = "/v1/vouchers?campaign=Bounced"
            assert wait_until(lambda: server.call("GET", path)[2].get("total") == 40, 20)  # a job made them

            async def publish(number: int) -> int:
                body = {"campaign": {"name": "Bounced"}, "customer": {"source_id": f"c{number}"}}
                published = await asyncio.to_thread(server.call, "POST", "/v1/publications", body)
                listed = await asyncio.to_thread(
                    server.call, "GET", f"/v1/publications?customer=c{number}&order=-channel"
                )
                filtered = await asyncio.to_thread(
                    server.call, "GET", "/v1/publications?filters[channel][conditions][$is]=API"
                )
                assert (listed[0], listed[2]["total"], filtered[0]) == (200, 1, 200)
                return published[0]

            async def everybody() -> list[int]:
                return await asyncio.gather(*(publish(number) for number in range(40)))

            assert asyncio.run(everybody()) == [200] * 40
            assert server.call("GET", "/v1/publications?campaign=Bounced")[2]["total"] == 40
