"""COMPATIBILITY.md says what the routes do."""

from checks.compatibility import FILE, compatibility


def test_the_page_is_what_the_routes_make_of_it() -> None:
    assert FILE.read_text() == compatibility(), "run python -m checks.compatibility"


def test_served_and_absent_operations_are_told_apart() -> None:
    page = compatibility()
    assert "| `POST /v1/publications` | full |" in page
    assert "| `POST /v1/redemptions` | absent |" in page
