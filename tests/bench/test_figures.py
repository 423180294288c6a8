"""What the bench makes of its measurements; the measurements themselves aren't tested, they are reported."""

import asyncio
import itertools
import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

import pytest

from bench import svg
from bench.anchor import parsed
from bench.drain import pieces
from bench.hostile_load import large_bodies
from bench.lists import PROMISES, few_and_many, queries
from bench.load import Connection, Order, Tally
from bench.publishing import ANCHOR, CONNECTIONS, drawing, name_of
from bench.reference import NotInstalled, install
from bench.report import MARK, Report
from bench.runs import Run, middle, per_1000, told
from bench.sizes import FULL, QUICK
from largesse.domain.errors import InvalidPayload
from largesse.domain.publications import FILTERS
from largesse.wire.filters import read_filter
from largesse.wire.lists import Query
from largesse.wire.parse import parse_json
from largesse.wire.publications import PublicationInput

NAMESPACE = "{http://www.w3.org/2000/svg}"


def run(rate: float, **changes: object) -> Run:
    fields = {"latencies_ms": {"p99": rate}, "answers": {200: 5}, "cpu": {"api": 1.0, "postgres": 2.0}, **changes}
    return Run(rate=rate, **fields)  # type: ignore[arg-type]


class TestRuns:
    def test_the_middle_is_the_median_of_each_figure(self):
        found = middle([run(1), run(9), run(2, answers={200: 1, 503: 2}, lost=1)])
        assert (found.rate, found.latencies_ms, found.answers, found.lost) == (2, {"p99": 2}, {200: 11, 503: 2}, 1)

    def test_cpu_is_told_per_thousand_codes(self):
        assert per_1000({"api": 1, "postgres": 5}, {"api": 3, "postgres": 4}, 500) == {"api": 4.0, "postgres": 0.0}
        assert per_1000({"api": 1, "postgres": 1}, {"api": 2, "postgres": 1}, 0)["api"] == 1000

    def test_what_makes_a_figure_doubtful_stands_beside_it(self):
        assert "lower bound" not in told(run(1, generator=0.5))
        text = told(run(1, generator=0.9, lost=3, answers={200: 1, 503: 2}))
        assert "busy 90%: a lower bound" in text
        assert "3 connections broke" in text
        assert "other answers {503: 2}" in text

    def test_a_load_stops_after_its_requests(self):
        tally = Tally(order(requests=2))
        assert [tally.may_ask(0) for _ in range(3)] == [True, True, False]
        assert not Tally(order(seconds=0)).may_ask(tally.until)

    async def test_a_broken_connection_is_counted_once(self):
        tally = Tally(order())
        connection = Connection(order(), 0, tally)
        connection.connection_lost(None)
        connection.connection_lost(None)
        assert (tally.lost, connection.done.done()) == (1, True)
        await asyncio.sleep(0)


def order(seconds: float = 1, requests: int | None = None) -> Order:
    return Order(
        host="h",
        port=1,
        app_id="a",
        token="t",
        campaign="c",
        connections=1,
        seconds=seconds,
        requests=requests,
        run="r",
    )


PGBENCH = """\
transaction type: anchor.sql
number of clients: 16
number of transactions actually processed: 2000
number of failed transactions: 0 (0.000%)
latency average = 8.123 ms
initial connection time = 12.3 ms
tps = 1970.25 (without initial connection time)
"""


def test_what_pgbench_says():
    found = parsed(PGBENCH, {"api": 0, "postgres": 1}, {"api": 9, "postgres": 3})
    assert (found.rate, found.answers, found.latencies_ms) == (1970.25, {200: 2000}, {"average": 8.123})
    assert found.cpu == {"api": 0.0, "postgres": 1.0}
    with pytest.raises(RuntimeError, match="something else"):
        parsed("pgbench: error", {"postgres": 0}, {"postgres": 0})


@pytest.mark.parametrize("edge", [QUICK.edge, FULL.edge, 10.0, 1.0])
def test_a_pool_is_emptied_piece_by_piece_up_to_its_last_codes(edge: float):
    found = pieces(edge)
    assert (found[0][0], found[-1][1]) == (0, 100 - edge)
    assert all(start < end <= start + 10 for start, end in found)
    assert [end for _, end in found[:-1]] == [start for start, _ in found[1:]]


@pytest.mark.parametrize("count", [QUICK.listed, FULL.listed])
def test_every_list_that_is_measured_is_one_that_can_be_asked(count: int):
    few, many = few_and_many(count)
    assert few < many < count
    asked = queries("listed 0", few, many)
    assert {one.p99_max_ms for one in asked.values()} == PROMISES.keys()
    for one in asked.values():
        query = Query.parse(urlencode(one.query).encode())
        read_filter(query, FILTERS)
        for plain in ("limit", "page", "order", "campaign", "customer"):
            query.text(plain)
        query.check()


class TestDrawings:
    def texts(self, drawn: str) -> list[str]:
        root = ET.fromstring(drawn)
        assert root.tag == f"{NAMESPACE}svg"
        return [element.text or "" for element in root.iter(f"{NAMESPACE}text")]

    def test_a_chart_is_well_formed_and_says_what_it_shows(self):
        lines = [svg.Line("<us> & them", [(0, 1), (10, 90)]), svg.Line("others", [(0, 5), (10, 5)])]
        drawn = svg.line_chart("A <title>", lines, x_title="x & y", y_title="rate", x_ticks={0: "none", 10: "ten"})
        assert {"A <title>", "x & y", "rate", "<us> & them", "others", "none", "ten", "0", "100"} <= set(
            self.texts(drawn)
        )
        assert "prefers-color-scheme: dark" in drawn

    @pytest.mark.parametrize("points", [[(0.0, 0.0), (1.0, 0.0)], [(0.0, 7.0)], []])
    def test_nothing_and_little_can_be_drawn(self, points: Sequence[tuple[float, float]]):
        self.texts(svg.line_chart("t", [svg.Line("l", points)], x_title="x", y_title="y", x_ticks={0: "0"}))
        self.texts(svg.bar_chart("t", dict.fromkeys("ab", 0.0), unit="ms"))
        self.texts(svg.bar_chart("t", {}, unit="ms"))

    def test_curves_stay_inside_their_frame(self):
        drawn = svg.line_chart(
            "t", [svg.Line("l", [(0, 0), (5, 999), (10, 1000)])], x_title="x", y_title="y", x_ticks={0: "", 10: ""}
        )
        root = ET.fromstring(drawn)
        curve = next(element for element in root.iter(f"{NAMESPACE}path") if "L" in element.get("d", ""))
        places = [tuple(map(float, each.split(","))) for each in curve.get("d", "")[1:].split(" L")]
        assert all(0 <= x <= svg.WIDTH and 0 <= y <= svg.HEIGHT for x, y in places)

    def test_an_axis_ends_at_a_round_figure(self):
        assert [svg.nice_ceiling(n) for n in (0, 0.3, 1, 1.1, 2.4, 30, 70, 2001)] == [1, 0.5, 1, 2, 2.5, 50, 100, 2500]

    def test_publishing_is_drawn_with_whom_it_is_compared_to(self):
        found = {name_of(n): run(100.0 * n) for n in CONNECTIONS}
        assert "anchor (a)" not in self.texts(drawing(found))
        assert "anchor (a)" in self.texts(drawing(found | {ANCHOR: run(50)}))


@pytest.mark.slow
def test_without_a_network_there_is_no_reference_but_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    with pytest.raises(NotInstalled, match=r"it can't be installed here: .*Django"):
        install(tmp_path / "venv")
    assert not (tmp_path / "venv" / "installed.txt").exists()


def test_hostile_bodies_are_as_large_as_said_and_begin_where_wanted():
    made = list(itertools.islice(large_bodies("a campaign", "somebody", 5_000), 7))
    assert all(4_990 < len(body) <= 5_000 for _, body in made)
    assert len({kind for kind, _ in made}) == 6
    assert next(large_bodies("a campaign", "somebody", 5_000, 2))[0] == made[2][0]
    valid = dict(made)["10 MB, valid"]
    assert parse_json(valid, PublicationInput).campaign
    with pytest.raises(InvalidPayload):
        parse_json(dict(made)["10 MB, all of it wrong"], PublicationInput)


def test_targets_come_first_with_what_was_measured():
    report = Report()
    assert "Targets" not in report.text(quick=True, parts=["lists"])
    report.section("One")
    report.target("lists", "p99 ≤ 25 ms", "7 ms", met=True)
    report.target("lists", "p99 ≤ 25 ms", "70 ms", met=False)
    text = report.text(quick=True, parts=["lists"])
    assert text.index("### Targets") < text.index("### One")
    assert "| lists | p99 ≤ 25 ms | 7 ms | met |" in text
    assert "| lists | p99 ≤ 25 ms | 70 ms | **not met** |" in text


def test_a_report_keeps_the_prose_and_replaces_the_figures(tmp_path: Path):
    benchmarks = tmp_path / "BENCHMARKS.md"
    benchmarks.write_text(f"# Prose\n\n{MARK}\n\nold figures\n")
    report = Report()
    report.section("One", "a | b")
    with report.part("lists"):
        report.row("x", "1")
    report.drawing("curve", "Curve", "<svg/>")
    report.write(quick=True, parts=["lists"], root=tmp_path)
    text = benchmarks.read_text()
    assert text.startswith(f"# Prose\n\n{MARK}\n\n")
    assert "old figures" not in text
    assert "a quick run: one repeat, small sizes; 0 s (lists 0)." in text
    assert re.search(r"A loop in Python ran \d+\.\d million times a second before, \d+\.\d after it\.", text)
    assert "| a | b |\n| --- | --- |\n| x | 1 |\n\n![Curve](docs/bench/curve.svg)" in text
    assert (tmp_path / "docs" / "bench" / "curve.svg").read_text() == "<svg/>"


def test_a_run_takes_the_place_of_those_that_measured_nothing_else(tmp_path: Path):
    benchmarks = tmp_path / "BENCHMARKS.md"
    benchmarks.write_text(f"# Prose\n\n{MARK}\n")
    for parts in (["pools"], ["pools", "lists"], ["files"], ["pools"]):
        report = Report()
        report.section(" and ".join(parts))
        report.write(quick=True, parts=parts, root=tmp_path)
    headings = [line for line in benchmarks.read_text().splitlines() if line.startswith("### ")]
    assert headings == ["### pools", "### files", "### pools and lists"]
    report = Report()
    report.write(quick=True, parts=["files", "lists", "pools"], root=tmp_path)
    assert "###" not in benchmarks.read_text()
    assert benchmarks.read_text().startswith(f"# Prose\n\n{MARK}\n\n<!-- run of: files lists pools -->\n## ")
