"""Each check fails on a bad sample and is silent on a good one."""

import subprocess
import sys

import pytest

from checks import domain, immutable, project_filter, sizes, sql_outside_store, transactions
from checks.findings import Finding, Source
from checks.house import apply_exceptions, findings
from checks.sql_text import statements
from tests.conftest import ROOT
from tests.house.conftest import Write

STORE = {
    "largesse/store/control_tables.txt": "# a comment\nprojects\n",
    "largesse/store/migrations/0001_initial.sql": "CREATE TABLE projects (id int);\nCREATE TABLE vouchers (id int);\n",
}
TABLES = frozenset({"vouchers", "campaigns", "publications"})


def test_this_house_keeps_its_rules() -> None:
    assert [str(finding) for finding in findings(ROOT)] == []


@pytest.mark.parametrize(("code", "status"), [("x = 1\n", 0), ('x = "SELECT code FROM vouchers"\n', 1)])
def test_the_command_names_file_and_line_and_exits_1(repository: Write, code: str, status: int) -> None:
    root = repository({**STORE, "largesse/actions/vouchers.py": f"\n{code}"})
    run = subprocess.run(
        [sys.executable, "-m", "checks", str(root)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == status, run.stderr
    assert ("largesse/actions/vouchers.py:2: [sql-outside-store]" in run.stdout) == bool(status)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 1",
        "SELECT code FROM vouchers WHERE project_id = $1",
        "\n  INSERT INTO vouchers (id) VALUES ($1)",
        "UPDATE vouchers SET state = 1",
        "DELETE FROM vouchers",
        "WITH x AS (SELECT 1) SELECT * FROM x",
        "CREATE INDEX x ON y (z)",
        "LISTEN keys",
        "SET LOCAL statement_timeout = 1",
        "select id from vouchers where id = 1",
        "insert into vouchers (id) values (1)",
        "update vouchers set state = 1",
        "delete from vouchers",
    ],
)
@pytest.mark.parametrize("code", ["run({!r})", "run(f{!r})", "class A:\n    sql = {!r}"])
def test_sql_in_python_is_found(code: str, text: str) -> None:
    assert list(sql_outside_store.check_source(Source("largesse/actions/x.py", code.format(text))))


@pytest.mark.parametrize(
    "text",
    ["SELECT", "GET", "DELETE", "CREATED", "Update the voucher", "Select a code from the pool", "copy",
     "Show all codes", "updated_at", "DELETE /v1/vouchers", "set of names", "COPY"],
)  # fmt: skip
def test_prose_and_names_are_not_sql(text: str) -> None:
    assert not list(sql_outside_store.check_source(Source("largesse/http/x.py", f"run({text!r})")))
    assert not list(sql_outside_store.check_source(Source("largesse/http/x.py", '"""SELECT 1 FROM the docs."""')))


def test_a_sql_file_elsewhere_is_found(repository: Write) -> None:
    root = repository({"largesse/actions/x.sql": "SELECT 1", "largesse/store/y.sql": "SELECT 1"})
    assert [finding.path for finding in sql_outside_store.check(root)] == ["largesse/actions/x.sql"]


def unfiltered(text: str) -> list[str]:
    source = Source("largesse/store/x.sql", f"-- the_name --\n-- What it is for.\n{text}\n")
    [statement] = statements(source)
    return [
        each.text.removeprefix("the_name: ").split()[0] for each in project_filter.check_statement(statement, TABLES)
    ]


@pytest.mark.parametrize(
    ("text", "tables"),
    [
        ("SELECT * FROM vouchers", ["vouchers"]),
        ("SELECT * FROM vouchers v WHERE v.id = $1", ["vouchers"]),
        ("SELECT * FROM vouchers WHERE project_id = ANY($1)", ["vouchers"]),
        ("SELECT * FROM vouchers WHERE project_id > $1", ["vouchers"]),
        ("SELECT * FROM vouchers WHERE id = $1 -- project_id = $1", ["vouchers"]),
        ("SELECT * FROM vouchers WHERE id = 'project_id = $1'", ["vouchers"]),
        ("SELECT * FROM vouchers v JOIN campaigns c ON c.id = v.campaign_id WHERE v.project_id = $1", ["campaigns"]),
        ("SELECT * FROM vouchers v, campaigns c WHERE v.project_id = $1", ["campaigns"]),
        ("SELECT * FROM vouchers v JOIN campaigns c ON c.project_id = v.project_id",
         ["campaigns", "vouchers"]),  # the same project, but any
        ("SELECT * FROM vouchers v JOIN campaigns c USING (project_id)", ["campaigns", "vouchers"]),
        ("SELECT * FROM vouchers WHERE project_id = $1 AND id IN (SELECT id FROM campaigns)", ["campaigns"]),
        ("SELECT * FROM vouchers WHERE project_id = $1 UNION ALL SELECT * FROM vouchers", ["vouchers"]),
        ("WITH x AS (SELECT * FROM campaigns) SELECT * FROM vouchers WHERE project_id = $1", ["campaigns"]),
        ("SELECT * FROM x CROSS JOIN LATERAL (SELECT * FROM vouchers v WHERE v.id = x.id) y", ["vouchers"]),
        ("SELECT (SELECT count(*) FROM vouchers)", ["vouchers"]),
        ("UPDATE vouchers SET state = 1 WHERE id = $1", ["vouchers"]),
        ("UPDATE vouchers v SET state = 1 FROM campaigns c WHERE c.project_id = $1 AND c.id = v.id", ["vouchers"]),
        ("DELETE FROM vouchers WHERE id = $1", ["vouchers"]),
        ("DELETE FROM vouchers USING campaigns c WHERE c.project_id = $1", ["vouchers"]),
        ("INSERT INTO vouchers (id, code) VALUES ($1, $2)", ["vouchers"]),
        ("INSERT INTO vouchers (project_id, id) SELECT $1, id FROM campaigns", ["campaigns"]),
        ("INSERT INTO vouchers AS v (id) VALUES ($1) ON CONFLICT (project_id, id) DO UPDATE SET id = $1", ["vouchers"]),
    ],
)  # fmt: skip
def test_a_table_without_its_project_is_found(text: str, tables: list[str]) -> None:
    assert sorted(unfiltered(text)) == tables


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * FROM vouchers WHERE project_id = $1",
        "SELECT * FROM vouchers WHERE project_id=$1::int",
        "SELECT * FROM vouchers AS v WHERE $1 = v.project_id",
        "SELECT * FROM vouchers v JOIN campaigns c ON c.project_id = v.project_id WHERE v.project_id = $1",
        "SELECT * FROM vouchers v JOIN campaigns c USING (project_id, id) WHERE v.project_id = $1",
        "SELECT * FROM x JOIN vouchers v ON v.project_id = x.project_id",  # x was checked where it was made
        "SELECT vouchers, publications FROM projects p",  # columns
        "SELECT a IS DISTINCT FROM b, extract(epoch FROM t) FROM x",
        "SELECT * FROM vouchers WHERE project_id = $1 FOR NO KEY UPDATE SKIP LOCKED",
        "INSERT INTO vouchers (project_id, id) VALUES ($1, $2) ON CONFLICT (project_id, id) DO UPDATE SET id = $2",
        "DELETE FROM vouchers v USING campaigns c WHERE v.project_id = $1 AND c.project_id = $1",
    ],
)
def test_a_table_with_its_project_is_in_order(text: str) -> None:
    assert unfiltered(text) == []


def test_a_statement_of_two_projects_is_found() -> None:
    text = "-- x --\n-- For.\nSELECT FROM vouchers v, campaigns c WHERE v.project_id = $1 AND c.project_id = $2"
    [statement] = statements(Source("largesse/store/x.sql", text))
    assert [f.text for f in project_filter.check_statement(statement, TABLES)] == ["x names several projects: $1, $2"]


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ('X = "v.id = ANY (ARRAY(SELECT id FROM vouchers" " WHERE id = {}))"', 1),
        ('X = f"EXISTS (SELECT FROM vouchers WHERE {y})"', 1),
        ('X = "v.id = ANY (ARRAY(SELECT id FROM vouchers WHERE project_id = $1 AND id = {}))"', 0),
        ('X = "nothing is selected FROM anywhere"', 0),
    ],
)
def test_fragments_of_lists_are_looked_into(repository: Write, code: str, found: int) -> None:
    assert len(list(project_filter.check(repository({**STORE, "largesse/store/x.py": code})))) == found


def test_project_tables_are_all_but_the_control_tables(repository: Write) -> None:
    assert project_filter.project_tables(repository(STORE)) == {"vouchers"}


def test_a_statement_says_what_it_is_for(repository: Write) -> None:
    text = "-- first --\n-- What it is for.\nSELECT 1\n-- second --\nSELECT 2\n"
    root = repository({**STORE, "largesse/store/vouchers.sql": text})
    assert [(finding.line, finding.text) for finding in project_filter.check(root)] == [
        (4, "second doesn't say what it is for")
    ]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("SELECT CASE WHEN a THEN now() END", "CASE"),
        ("SELECT CASE WHEN a THEN CASE WHEN b THEN 1 END ELSE random() END", "CASE"),
        ("SELECT coalesce(a, (SELECT clock_timestamp()))", "COALESCE"),
        ("INSERT INTO x (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET t = now() RETURNING a", "DO UPDATE SET"),
        (
            "WITH y AS (INSERT INTO x (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET t = now()) SELECT 1",
            "DO UPDATE SET",
        ),
    ],
)
def test_what_citus_refuses_is_found(text: str, where: str) -> None:
    [statement] = statements(Source("largesse/store/x.sql", f"-- the_name --\n-- For.\n{text}"))
    [finding] = immutable.check_statement(statement)
    assert finding.text.endswith(f"inside {where}")


@pytest.mark.parametrize(
    "text",
    [
        "SELECT now(), CASE WHEN a THEN t END, coalesce(a, b) FROM (SELECT now() AS t) c",
        "INSERT INTO x (a, t) VALUES (1, now()) ON CONFLICT (a) DO UPDATE SET t = excluded.t RETURNING now()",
        "WITH y AS (INSERT INTO x (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET t = excluded.t) SELECT now()",
        "SELECT CASE WHEN a THEN 'now()' END -- CASE now() END",
    ],
)
def test_what_citus_takes_is_in_order(text: str) -> None:
    [statement] = statements(Source("largesse/store/x.sql", f"-- the_name --\n-- For.\n{text}"))
    assert not list(immutable.check_statement(statement))


@pytest.mark.parametrize(
    "code",
    ["import time", "from random import choice", "import os.path", "import secrets", "from asyncpg import Record",
     "datetime.now(UTC)", "date.today()", "datetime.datetime.utcnow()", "open('x')", "print(1)"],
)  # fmt: skip
def test_clock_chance_and_files_in_the_domain_are_found(repository: Write, code: str) -> None:
    root = repository({"largesse/domain/vouchers.py": f"\n\n{code}\n"})
    assert [(finding.path, finding.line) for finding in domain.check(root)] == [("largesse/domain/vouchers.py", 3)]


def test_pure_code_is_in_order(repository: Write) -> None:
    root = repository({"largesse/domain/x.py": "import re\nfrom datetime import UTC\nfrom largesse.domain import y\n"})
    assert not list(domain.check(root))


@pytest.mark.parametrize(
    ("path", "code", "found"),
    [
        ("largesse/actions/x.py", "async def f(c):\n    async with c.transaction():\n        pass\n", True),
        ("largesse/store/x.py", "async def f(c):\n    await c.commit()\n", True),
        ("largesse/events/x.py", "async def f(pool):\n    await pool.acquire()\n", True),
        ("largesse/store/x.sql", "-- a --\nSELECT 1;\nCOMMIT;\n", True),
        ("largesse/store/x.sql", "-- a --\nBEGIN\n", True),
        ("largesse/http/x.py", "async def f(c):\n    async with c.transaction():\n        pass\n", False),
        ("largesse/store/x.sql", "-- a --\n-- Until the commit.\nSELECT committed FROM x\n", False),
    ],
)
def test_transactions_below_the_edge_are_found(repository: Write, path: str, code: str, found: bool) -> None:
    assert bool(list(transactions.check(repository({path: code})))) == found


def test_long_functions_and_files_are_found(repository: Write) -> None:
    body = "    x = 1\n"
    root = repository({
        "largesse/a.py": "def f():\n" + body * 69,
        "largesse/b.py": "async def g():\n" + body * 70,
        "largesse/c.py": "x = 1\n" * 500,
        "tests/d.py": "x = 1\n" * 501,
        "largesse/store/e.sql": "-- x\n" * 501,
        "largesse/utils.py": "x = 1\n",
    })  # fmt: skip
    assert sorted(finding.path for finding in sizes.check(root)) == [
        "largesse/b.py",
        "largesse/store/e.sql",
        "largesse/utils.py",
        "tests/d.py",
    ]


FOUND = [Finding("a.py", 1, "domain", "imports time: no"), Finding("a.py", 2, "domain", "imports os: no")]


def test_an_exception_takes_away_what_it_names() -> None:
    assert apply_exceptions(FOUND, "# comment\n\ndomain a.py imports time -- it is measured here\n") == FOUND[1:]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("domain b.py imports time -- a reason", "excepts nothing"),
        ("domain a.py imports random -- a reason", "excepts nothing"),
        ("sizes a.py imports time -- a reason", "excepts nothing"),
        ("domain a.py -- a reason for everything", "excepts nothing"),
        ("nonsense", "excepts nothing"),
        ("domain a.py imports time", "gives no reason"),
    ],
)
def test_an_exception_without_need_or_reason_is_a_finding(line: str, problem: str) -> None:
    assert any(problem in finding.text for finding in apply_exceptions(FOUND, line))
