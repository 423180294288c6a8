"""The operator's verbs as a shell sees them: what they print and how they exit."""

import asyncio
import json
import secrets
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from tests.acceptance.server import clean_environment, command, data_folder, mentioned, run, serving, wait_until
from tests.databases import execute, with_database

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


@pytest.fixture
def data() -> Iterator[Path]:
    with data_folder() as folder:
        yield folder


def test_help_names_only_what_is_there() -> None:
    shown = run("--help").stdout
    assert "built" not in shown
    assert "publish" in shown


def test_a_shell_completes_commands() -> None:
    answer = run(environment={"_LARGESSE_COMPLETE": "complete_bash", "COMP_WORDS": "largesse pub", "COMP_CWORD": "1"})
    assert answer.stdout.split() == ["publish"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("serve", "--port", "70000"),
        ("serve", "--port", "many"),
        ("serve", "--unknown"),
        ("keys", "create", "--kind", "golden"),
        ("nothing",),
    ],
)
def test_wrong_usage_exits_with_2(arguments: tuple[str, ...]) -> None:
    answer = run(*arguments)
    assert answer.returncode == 2
    assert "Traceback" not in answer.stderr


def test_a_wrong_variable_exits_with_2() -> None:
    assert run("serve", environment={"LARGESSE_LOG": "xml"}).returncode == 2


def test_a_key_is_shown_once_listed_without_its_token_and_revoked_for_ever(data: Path) -> None:
    where = ("--data", str(data), "--json")
    assert run("projects", "create", "Shop", *where).returncode == 0
    created = json.loads(run("keys", "create", "--project", "Shop", "--name", "till", *where).stdout)
    assert (created["kind"], created["project"], created["name"]) == ("server", "Shop", "till")
    listed = run("keys", "list", "--project", "Shop", *where).stdout
    assert [key["app_id"] for key in json.loads(listed)["keys"]] == [created["id"]]
    assert created["token"] not in listed
    assert run("keys", "revoke", created["id"], *where).returncode == 0
    again = run("keys", "revoke", created["id"], *where)
    assert again.returncode == 1
    assert "isn't revoked" in json.loads(again.stdout)["error"]


def test_a_key_of_a_project_that_isnt_there_is_refused(data: Path) -> None:
    answer = run("keys", "create", "--project", "Nowhere", "--data", str(data))
    assert (answer.returncode, answer.stderr) == (1, "largesse: There is no project Nowhere.\n")


def test_sharding_is_refused_and_changes_nothing(data: Path) -> None:
    answer = run("migrate", "--citus", "--data", str(data / "new"))
    assert answer.returncode == 1
    assert "doesn't run on a Citus cluster yet" in answer.stderr
    assert not (data / "new").exists()


def test_sharding_without_the_extension_says_what_is_missing(data: Path) -> None:
    answer = run("migrate", "--citus", "--experimental", "--data", str(data))
    assert answer.returncode == 1
    assert "needs the citus extension" in answer.stderr


@pytest.mark.parametrize("name", ["json.py", "largesse.py"])
def test_nothing_is_imported_from_the_folder_where_it_is_started(data: Path, name: str) -> None:
    """Children are started with an interpreter of their own, perhaps as root."""
    folder = data / "anybody"
    folder.mkdir()
    (folder / name).write_text(f"open({str(data / 'imported')!r}, 'w')\nraise SystemExit(7)\n")
    with serving(data / "d", "--processes", "1", folder=folder) as server:
        assert server.call("POST", "/v1/vouchers", {"code": "x" * 2_000_000})[0] == 400  # a process judges large bodies
    assert not (data / "imported").exists()


def test_migrate_names_what_it_applied_once(data: Path) -> None:
    first = json.loads(run("migrate", "--data", str(data), "--json").stdout)
    assert "0001_initial" in first["applied"]
    assert json.loads(run("migrate", "--data", str(data), "--json").stdout) == {"applied": []}


def test_work_alone_runs_its_own_database_until_a_signal(data: Path) -> None:
    worker = subprocess.Popen(command("work", "--data", str(data)), env=clean_environment())
    assert wait_until((data / "run" / "postgres.json").exists, 20)
    assert run("projects", "list", "--data", str(data)).returncode == 0
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(20) == 0
    assert mentioned(str(data)) == []


def test_an_export_goes_to_a_file_or_to_standard_output(data: Path) -> None:
    where = ("--project", "Shop", "--data", str(data))
    assert run("projects", "create", "Shop", "--data", str(data)).returncode == 0
    answer = run("export", "customer", "--field", "source_id", *where)
    assert (answer.returncode, answer.stdout) == (0, "Source ID\n")
    file = data / "out.csv"
    found = json.loads(run("export", "publication", "--output", str(file), "--json", *where).stdout)
    assert (found["status"], found["rows"], found["output"]) == ("DONE", 0, str(file))
    assert file.read_text() == "Voucher Code,Customer ID,Date,Channel\n"
    for wrong in (("export", "shoe"), ("export", "customer", "--filters", "{"), ("export", "customer", "--json")):
        answer = run(*wrong, *where)
        assert answer.returncode == 1
        assert "Traceback" not in answer.stderr


READING = [
    ("audit",),
    ("keys", "list"),
    ("projects", "list"),
    ("projects", "show", "default"),
    ("projects", "schemas", "default"),
    ("users", "list"),
    ("events", "tail"),
]


@pytest.mark.parametrize("arguments", READING)
def test_a_command_that_reads_makes_nothing_where_nothing_is(data: Path, arguments: tuple[str, ...]) -> None:
    answer = run(*arguments, "--data", str(data / "mistyped"))
    assert (answer.returncode, answer.stdout) == (1, "")
    assert f"There is no database in {data / 'mistyped'}" in answer.stderr
    assert not (data / "mistyped").exists()


def test_a_command_that_reads_makes_nothing_in_another_database(data: Path, server_url: str) -> None:
    name = f"empty_{secrets.token_hex(4)}"
    asyncio.run(execute(server_url, f"CREATE DATABASE {name} TEMPLATE template0"))
    url = with_database(server_url, name)
    environment = {"LARGESSE_DATABASE_URL": url, "LARGESSE_SECRET_KEY": "0" * 32}
    for arguments in READING:
        answer = run(*arguments, "--data", str(data), environment=environment)
        assert (answer.returncode, answer.stdout) == (1, "")
        assert "There is no Largesse in this database" in answer.stderr
    assert asyncio.run(tables(url)) == 0
    asyncio.run(execute(server_url, f"DROP DATABASE {name}"))


async def tables(url: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        return int(
            await connection.fetchval("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace")
        )
    finally:
        await connection.close()


@pytest.mark.own_database
def test_a_command_that_reads_wants_its_own_schema(data: Path, database_url: str) -> None:
    environment = {"LARGESSE_DATABASE_URL": database_url, "LARGESSE_SECRET_KEY": "0" * 32}
    asyncio.run(execute(database_url, "DELETE FROM migrations WHERE name = '0016_installation'"))
    answer = run("audit", "--data", str(data), environment=environment)
    assert (answer.returncode, answer.stdout) == (1, "")
    assert "older than this program (it lacks 0016_installation): run `largesse migrate`" in answer.stderr
    asyncio.run(execute(database_url, "INSERT INTO migrations VALUES ('0016_installation'), ('9999_future')"))
    answer = run("audit", "--data", str(data), environment=environment)
    assert answer.returncode == 1
    assert "newer than this program (it has 9999_future)" in answer.stderr


def test_an_audit_says_what_it_looked_at(data: Path) -> None:
    assert run("projects", "create", "Shop", "--data", str(data)).returncode == 0
    answer = run("audit", "--data", str(data))
    assert answer.returncode == 0
    assert f"Looked at {data}, schema 00" in answer.stdout
    assert "projects Shop; 0 customers, 0 vouchers, 0 publications." in answer.stdout
    told = json.loads(run("audit", "--data", str(data), "--json").stdout)
    assert told["looked_at"]["projects"] == ["Shop"]


def test_a_rotated_key_of_the_first_start_goes_on_opening_the_demo(data: Path) -> None:
    assert run("demo", "--once", "--port", "0", "--data", str(data)).returncode == 0
    before = json.loads((data / "credentials.json").read_text())
    assert run("keys", "rotate", before["server"]["id"], "--data", str(data)).returncode == 0
    assert run("users", "password", before["dashboard"]["email"], "--data", str(data)).returncode == 0
    after = json.loads((data / "credentials.json").read_text())
    assert after["server"]["token"] != before["server"]["token"]
    assert after["dashboard"]["password"] != before["dashboard"]["password"]
    assert run("demo", "--once", "--port", "0", "--data", str(data)).returncode == 0
    assert json.loads((data / "credentials.json").read_text()) == after


def test_another_secret_key_is_refused_and_the_key_can_be_changed(data: Path, database_url: str) -> None:
    def with_key(key: str, **more: str) -> dict[str, str]:
        return {"LARGESSE_DATABASE_URL": database_url, "LARGESSE_SECRET_KEY": key * 32, **more}

    where = ("--data", str(data))
    assert run("projects", "create", "Shop", *where, environment=with_key("a")).returncode == 0
    for arguments in (("serve", "--port", "0"), ("work",), ("migrate",), ("keys", "create", "--project", "Shop")):
        refused = run(*arguments, *where, environment=with_key("b"))
        assert refused.returncode == 1, arguments
        assert "LARGESSE_SECRET_KEY isn't the key of the installation" in refused.stderr
    with serving(data, environment=with_key("a")):
        refused = run("secret-key", "rotate", *where, environment=with_key("a", LARGESSE_NEW_SECRET_KEY="b" * 32))
        assert (refused.returncode, "Stop all servers" in refused.stderr) == (1, True)
    assert "LARGESSE_NEW_SECRET_KEY must hold" in run("secret-key", "rotate", *where, environment=with_key("a")).stderr
    for _ in range(2):  # the second ends what the first did
        changed = run("secret-key", "rotate", *where, environment=with_key("a", LARGESSE_NEW_SECRET_KEY="b" * 32))
        assert changed.returncode == 0, changed.stderr
    assert run("migrate", *where, environment=with_key("a")).returncode == 1
    assert run("migrate", *where, environment=with_key("b")).returncode == 0


def test_a_change_of_a_generated_secret_key_that_was_cut_short_is_ended(data: Path) -> None:
    where = ("--data", str(data))
    assert run("projects", "create", "Shop", *where).returncode == 0
    secrets_file = data / "secrets.json"
    before = json.loads(secrets_file.read_text())
    assert run("secret-key", "rotate", *where).returncode == 0
    after = json.loads(secrets_file.read_text())
    assert after["secret_key"] != before["secret_key"]
    assert run("migrate", *where).returncode == 0
    secrets_file.write_text(json.dumps(before | {"secret_key_next": after["secret_key"]}))  # killed after the commit
    assert run("migrate", *where).returncode == 1
    assert run("secret-key", "rotate", *where).returncode == 0
    assert json.loads(secrets_file.read_text()) == after
    assert run("migrate", *where).returncode == 0
