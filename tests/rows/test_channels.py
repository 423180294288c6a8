"""Section 13, A195: the documentation of the built-in channels."""

from pathlib import Path

import pytest

from largesse.domain.exports import CHANNEL
from largesse.domain.publications import CHANNEL_DEFAULT

PAGE = Path(__file__).parents[2] / "docs" / "channels.md"


@pytest.mark.row("A195")
def test_the_page_of_channels_has_a_line_for_each() -> None:
    lines = PAGE.read_text().splitlines()
    described = {line.split("`")[1] for line in lines if line.startswith("| `")}
    assert described == {"Dashboard", "voucherify-web-ui", "Automation", CHANNEL, CHANNEL_DEFAULT}
