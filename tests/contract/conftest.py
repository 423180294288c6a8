"""One real server for all clients, as a newcomer would start it."""

import importlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.server import Server, data_folder, serving


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Making the tests of every operation that is described takes longer than most tests: only where they are run."""
    return True if collection_path.name == "test_described.py" and config.option.markexpr == "not slow" else None


@pytest.fixture(scope="module")
def official_client(request: pytest.FixtureRequest) -> None:
    """PyPI's `voucherify` as a global of the test's module: importing it takes seconds, so only where a test uses it."""
    request.module.voucherify = importlib.import_module("voucherify")


@pytest.fixture(scope="package")
def server() -> Iterator[Server]:
    with data_folder() as data, serving(data, "--processes", "2") as server:
        yield server


@pytest.fixture(scope="package")
def keys(server: Server) -> dict[str, str]:
    """Id and token of the server key."""
    credentials: dict[str, dict[str, str]] = json.loads((server.data / "credentials.json").read_text())
    return credentials["server"]
