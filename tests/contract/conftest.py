"""One real server for all clients, as a newcomer would start it."""

import json
from collections.abc import Iterator

import pytest

from tests.acceptance.server import Server, data_folder, serving


@pytest.fixture(scope="package")
def server() -> Iterator[Server]:
    with data_folder() as data, serving(data, "--processes", "2") as server:
        yield server


@pytest.fixture(scope="package")
def keys(server: Server) -> dict[str, str]:
    """Id and token of the server key."""
    credentials: dict[str, dict[str, str]] = json.loads((server.data / "credentials.json").read_text())
    return credentials["server"]
