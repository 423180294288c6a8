"""The bench's hand-written statements do the whole job: afterwards every promise is kept, as far as they were asked to."""

import json

import pytest

from bench.anchor import recount, run_anchor
from bench.campaigns import ensure_free, free, make_campaign
from bench.runs import order, run
from bench.system import running
from tests.acceptance.server import data_folder, free_port
from tests.acceptance.server import run as run_command

pytestmark = pytest.mark.slow


def test_the_anchor_and_the_load_leave_a_database_that_keeps_its_promises():
    with data_folder() as data, running(data / "data", free_port(), "--processes", "1") as system:
        anchor, ours = make_campaign(system, "anchor", 3_000), make_campaign(system, "ours")
        counted = run_anchor(system, anchor, 1, counted=True)
        assert 0 < counted.answers[200] == 3_000 - free(system, anchor)
        ensure_free(system, anchor, 20_000)
        run_anchor(system, anchor, 1, counted=False)
        recount(system, anchor)
        ensure_free(system, ours, 25)
        published = run(order(system, ours.name, 4, requests=60), system.cpu_s)
        assert published.answers == {200: 50, 400: 10}
        audit = json.loads(run_command("audit", "--data", str(data / "data"), "--json").stdout)
    assert audit["kept"] is True
