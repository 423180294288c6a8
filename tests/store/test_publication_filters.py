"""Every filter on publications against a plain evaluation in Python (acceptance rows A145–A173)."""

import asyncio
import json
import random
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from operator import ge, gt, le, lt
from typing import Any, NamedTuple
from urllib.parse import quote

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from largesse.domain.projects import Project
from largesse.domain.publications import FILTERS
from largesse.store import publications as store
from largesse.store.connection import set_codecs
from largesse.store.lists import Narrowing
from largesse.wire.filters import read_filter
from largesse.wire.lists import Query
from tests.databases import execute, with_database
from tests.factories.mixed import MIXED, WORDS, Mixed, insert_mixed_publications

NINE = (
    "failure_code", "result", "customer_id", "campaign_name", "voucher_type", "is_referral_code", "parent_object_id",
    "related_object_id", "source_id",
)  # fmt: skip
MORE = ("id", "voucher_code", "tracking_id", "channel", "created_at")
TEN = (
    "$in", "$not_in", "$is", "$is_not", "$has_value", "$is_unknown", "$contains", "$not_contain", "$starts_with",
    "$ends_with",
)  # fmt: skip
COMPARISONS = ("$more_than", "$less_than", "$more_than_equal", "$less_than_equal")
OPERATORS = TEN + COMPARISONS
TYPES = {"discount": "DISCOUNT_VOUCHER", "gift": "GIFT_VOUCHER", "loyalty": "LOYALTY_CARD"}
EQUALITY = ("$is", "$is_not", "$in", "$not_in")
PROJECT = Project(id=7, public_id="proj_Filters000000", name="Filters")


class Database(NamedTuple):
    runner: asyncio.Runner
    connection: Any

    def ask(self, query: str) -> tuple[list[str], int]:
        """Ids in order, and the total, for a query string as a client sends it."""
        return self.runner.run(self._ask(query))

    async def _ask(self, text: str) -> tuple[list[str], int]:
        query = Query.parse(text.encode())
        narrowing = Narrowing({}, read_filter(query, FILTERS))
        query.check()
        async with self.connection.transaction():
            total = await store.count_publications(self.connection, PROJECT, narrowing)
            page = {"order": "created_at", "limit": 1000, "offset": 0}
            found = await store.list_publications(self.connection, PROJECT, narrowing, **page)
            # The same, when it is known that few match.
            assert found == await store.list_publications(self.connection, PROJECT, narrowing, **page, total=total)
        return [publication.id for publication in found], total


@pytest.fixture(scope="module")
def database(server_url: str, template: str) -> Iterator[Database]:
    """One for the whole file: nothing here changes it."""
    name = f"{template}_filters"

    async def build() -> Any:
        await execute(server_url, f"CREATE DATABASE {name} TEMPLATE {template}")
        connection = await asyncpg.connect(with_database(server_url, name))
        await set_codecs(connection)
        await insert_mixed_publications(connection, PROJECT)
        # The counters that the plain totals come from.
        await connection.execute(
            "INSERT INTO campaign_counters (project_id, campaign_id, publications, failures)"
            " SELECT project_id, coalesce(campaign_id, ''), count(*) FILTER (WHERE result = 'SUCCESS'),"
            " count(*) FILTER (WHERE result = 'FAILURE') FROM publications GROUP BY 1, 2"
        )
        return connection

    with asyncio.Runner() as runner:
        connection = runner.run(build())
        yield Database(runner, connection)
        runner.run(connection.close())
        runner.run(execute(server_url, f"DROP DATABASE {name} WITH (FORCE)"))


# The plain evaluation.


def holds(publication: Mixed, field: str, operator: str, given: list[str]) -> bool:
    if operator == "$is_not":
        return not holds(publication, field, "$is", given)
    if operator == "$not_in":
        return not holds(publication, field, "$in", given)
    if operator == "$not_contain":
        return not holds(publication, field, "$contains", given)
    if operator == "$is_unknown":
        return not holds(publication, field, "$has_value", given)
    if field.startswith("metadata."):
        value = publication.metadata.get(field.removeprefix("metadata."))
        items = [item for item in (value if isinstance(value, list) else [value]) if item is not None]
        return any(metadata_matches(item, operator, given) for item in items)
    return any(matches(value, field, operator, given) for value in publication.values[field])


def matches(value: str, field: str, operator: str, given: list[str]) -> bool:
    if operator == "$has_value":
        return True
    if operator in {"$contains", "$starts_with", "$ends_with"}:
        return partly(value, operator, given[0])
    if field == "created_at":
        return compare(moment(value), operator, [moment(text) for text in given])
    if field == "is_referral_code":
        given = [text.lower() for text in given]
    if field == "voucher_type" and operator in {"$is", "$in"}:
        given = [TYPES.get(text, text) for text in given]
    return compare(value, operator, given)


def moment(text: str) -> datetime:
    read = datetime.fromisoformat(text)
    return read if read.tzinfo else read.replace(tzinfo=UTC)  # without a zone it is UTC


def partly(value: str, operator: str, part: str) -> bool:
    if operator == "$contains":
        return part in value
    return value.startswith(part) if operator == "$starts_with" else value.endswith(part)


def compare(value: Any, operator: str, given: list[Any]) -> bool:
    if operator in {"$is", "$in"}:
        return value in given
    than = {"$more_than": gt, "$less_than": lt, "$more_than_equal": ge, "$less_than_equal": le}[operator]
    return bool(than(value, given[0]))


def number(text: str) -> float | None:
    return float(text) if re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?", text) else None


def metadata_matches(item: Any, operator: str, given: list[str]) -> bool:
    text = item if isinstance(item, str) else json.dumps(item)
    is_number = isinstance(item, int | float) and not isinstance(item, bool)
    if operator == "$has_value":
        return True
    if operator in {"$contains", "$starts_with", "$ends_with"}:
        return partly(text, operator, given[0])
    if operator in {"$is", "$in"}:
        return text in given or (is_number and item in [number(each) for each in given])
    wanted = number(given[0])
    if wanted is not None:
        return is_number and compare(item, operator, [wanted])
    return isinstance(item, str) and compare(text, operator, given)


class Wanted(NamedTuple):
    """A filter as a client thinks of it: values by field and operator."""

    conditions: dict[tuple[str, str], list[str]]
    junction: str | None

    def evaluate(self) -> list[str]:
        each = [
            (field, operator, values)
            for (field, operator), given in self.conditions.items()
            for values in ([given] if operator in {"$in", "$not_in"} else [[value] for value in given])
        ]
        decide = any if self.junction and self.junction.lower() == "or" else all
        found = [publication for publication in MIXED if decide(holds(publication, *condition) for condition in each)]
        return [publication.id for publication in sorted(found, key=lambda p: (p.created_at, p.id))]

    def query(self, encoding: str) -> str:
        """As a query string, in one of the ways that clients have."""
        if encoding == "json":
            return "filters=" + quote(json.dumps(self._tree()))
        if encoding == "json by field":
            pairs = [
                (f"filters[{name}]", json.dumps(value)) for name, value in self._tree().items() if name != "junction"
            ]
        else:
            pairs = [pair for key, values in self.conditions.items() for pair in self._pairs(*key, values, encoding)]
        if self.junction and encoding != "json":
            pairs.append(("filters[junction]", self.junction))
        if encoding == "bracketed":
            pairs = [(f"[filters]{name.removeprefix('filters')}", value) for name, value in pairs]
        safe = "" if encoding == "percent" else "[]$"
        return "&".join(f"{quote(name, safe=safe)}={quote(value, safe='')}" for name, value in pairs)

    def _pairs(self, field: str, operator: str, values: list[str], encoding: str) -> list[tuple[str, str]]:
        name = f"filters[{field}][conditions][{operator}]"
        if encoding == "python" and operator in {"$in", "$not_in"}:
            return [(name, str(values))]
        if encoding in {"repeated", "python"} and (operator not in {"$in", "$not_in"} or len(values) > 1):
            return [(name, value) for value in values]
        return [(f"{name}[{index}]", value) for index, value in enumerate(values)]

    def _tree(self) -> dict[str, Any]:
        tree: dict[str, Any] = {"junction": self.junction} if self.junction else {}
        for (field, operator), values in self.conditions.items():
            several: Any = values if len(values) > 1 or operator in {"$in", "$not_in"} else values[0]
            tree.setdefault(field, {"conditions": {}})["conditions"][operator] = several
        return tree


ENCODINGS = ("indexed", "repeated", "percent", "bracketed", "json", "json by field", "python")


# What to ask for: values that are there, parts of them, and such as look like something else.


def pool(field: str, operator: str) -> list[str]:
    if field.startswith("metadata."):
        return [*WORDS, "3", "3.0", "2.5", "true", "11", "-1", '{"a": 1}']
    there = sorted({value for publication in MIXED for value in publication.values[field]})
    if operator in {"$contains", "$not_contain", "$starts_with", "$ends_with"}:
        return ["%", "_", "\\", "'", '"', "", *(part for v in there[::9] for part in (v[:3], v[-2:], v[1:3], v))]
    if field == "is_referral_code":
        return ["true", "false", "TRUE"]
    if field == "created_at":
        return [*there[::7], "2024-01-05", "2024-01-03T10:00:00+02:00"]
    if field == "voucher_type":
        return [*there, *TYPES, "paper"]
    return [*there[::5], *WORDS, "cust"]


@st.composite
def wanted_filters(draw: st.DrawFn) -> Wanted:
    conditions: dict[tuple[str, str], list[str]] = {}
    for _ in range(draw(st.integers(1, 4))):
        field = draw(st.sampled_from((*NINE, *MORE, "metadata.colour", "metadata.it's")))
        operator = draw(st.sampled_from(OPERATORS))
        values = st.sampled_from(pool(field, operator))
        if operator in {"$has_value", "$is_unknown"}:
            conditions[field, operator] = [""]
        elif operator in {"$in", "$not_in"}:
            conditions[field, operator] = draw(st.lists(values, min_size=1, max_size=5))
        else:
            conditions[field, operator] = draw(st.lists(values, min_size=1, max_size=2))
    return Wanted(conditions, draw(st.sampled_from([None, "and", "or", "AND", "OR"])))


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(wanted=wanted_filters(), encoding=st.sampled_from(ENCODINGS))
def test_any_filter_finds_what_a_plain_evaluation_finds_in_every_encoding(
    database: Database, wanted: Wanted, encoding: str
):
    expected = wanted.evaluate()
    assert database.ask(wanted.query(encoding)) == (expected, len(expected))


@pytest.mark.row("A173")
@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("field", NINE)
def test_matrix_of_the_contracts_fields_and_operators(database: Database, field: str, operator: str):
    """A150–A173: nine fields by the ten operators of the contract and the four comparisons of the seeds."""
    rng = random.Random(f"{field}{operator}")
    values = pool(field, operator)
    for _ in range(4):
        if operator in {"$has_value", "$is_unknown"}:
            given = [""]
        else:
            given = rng.sample(values, min(len(values), 3 if operator in {"$in", "$not_in"} else 1))
        wanted = Wanted({(field, operator): given}, None)
        expected = wanted.evaluate()
        assert database.ask(wanted.query("indexed")) == (expected, len(expected)), given


def test_the_matrix_is_not_about_nothing(database: Database):
    """Each field has values, all but those that are always set have none somewhere, and positives find something."""
    always = {"result", "voucher_type", "is_referral_code"}
    for field in NINE:
        sizes = {len(publication.values[field]) for publication in MIXED}
        assert sizes >= ({1} if field in always else {0, 1})
    assert max(len(p.values["related_object_id"]) for p in MIXED) > 1


@pytest.mark.parametrize("operator", OPERATORS)
def test_dates_have_every_operator(database: Database, operator: str):
    """A159–A172 on created_at."""
    rng = random.Random(operator)
    values = pool("created_at", operator)
    for _ in range(5):
        given = [""] if operator in {"$has_value", "$is_unknown"} else rng.sample(values, 1)
        wanted = Wanted({("created_at", operator): given}, None)
        expected = wanted.evaluate()
        assert database.ask(wanted.query("json")) == (expected, len(expected)), given


def test_is_twice_with_or_is_in_and_with_and_is_nothing(database: Database):
    """A147, A148, A149: examples 2 and 2b of the seeds."""
    field, two = "customer_id", ["cust_a", "cust_X"]
    by_in = database.ask(Wanted({(field, "$in"): two}, None).query("indexed"))
    assert by_in[1] > 2
    for junction in ("OR", "or"):
        assert database.ask(Wanted({(field, "$is"): two}, junction).query("indexed")) == by_in
    for no_or in ("and", "AND", None):
        assert database.ask(Wanted({(field, "$is"): two}, no_or).query("indexed")) == ([], 0)


def test_a_list_of_nothing_is_in_nothing_and_everything_is_not_in_it(database: Database):
    assert database.ask('filters={"id":{"conditions":{"$in":[]}}}')[1] == 0
    assert database.ask('filters={"id":{"conditions":{"$not_in":[]}}}')[1] == len(MIXED)


def test_after_and_before_are_comparisons_of_dates(database: Database):
    for synonym, operator in (("$after", "$more_than"), ("$before", "$less_than")):
        query = f"filters[created_at][conditions][{synonym}]=2024-01-09"
        assert database.ask(query) == database.ask(query.replace(synonym, operator))
        assert 0 < database.ask(query)[1] < len(MIXED)


def test_days_ago_count_from_now(database: Database):
    """All of them are from January 2024."""
    everything = len(MIXED)
    for operator, days, expected in (
        ("$more_than", 10, everything), ("$less_than", 10, 0), ("$more_than_ago", 10, everything),
        ("$less_than_ago", 100_000, everything), ("$more_than_future", 0, 0), ("$less_than_future", 10, 0),
        ("$is_days_ago", 1, 0), ("$is_days_in_future", 1, 0),
    ):  # fmt: skip
        assert database.ask(f"filters[created_at][conditions][{operator}]={days}")[1] == expected, operator


def test_every_field_has_its_sql():
    from largesse.domain import campaigns, customers, vouchers
    from largesse.store.campaigns import LIST as CAMPAIGNS
    from largesse.store.customers import LIST as CUSTOMERS
    from largesse.store.publications import LIST as PUBLICATIONS
    from largesse.store.vouchers import LIST as VOUCHERS

    for fields, list_sql in (
        (FILTERS, PUBLICATIONS), (vouchers.FILTERS, VOUCHERS), (campaigns.FILTERS, CAMPAIGNS), (customers.FILTERS, CUSTOMERS),
    ):  # fmt: skip
        assert fields.keys() == list_sql.fields.keys()
        for name, field in fields.items():
            assert set(field.states) == set(list_sql.fields[name].states), name
            if set(field.operators) != set(field.states):
                assert field.kind is list_sql.fields[name].kind, name
