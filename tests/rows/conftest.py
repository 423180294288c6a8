"""The acceptance table, row by row, against a running engine.

A test names its rows with `@pytest.mark.row("A046")`; `make acceptance` writes docs/acceptance.md from what ran.
"""

import json
from collections.abc import Iterator

import pytest

from tests.acceptance.server import data_folder, serving
from tests.rows.engine import Engine


@pytest.fixture(scope="package")
def engine() -> Iterator[Engine]:
    with data_folder() as data, serving(data, "--processes", "2") as server:
        credentials = json.loads((data / "credentials.json").read_text())
        with Engine(server.port, credentials["server"]) as engine:
            yield engine
