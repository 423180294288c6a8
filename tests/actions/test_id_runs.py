import secrets

import pytest

from largesse.actions.ids import ENTROPY_BYTES, IdSource
from largesse.domain.ids import COUNTED_DIGITS


def test_a_run_stands_between_what_came_before_and_what_comes_after() -> None:
    ids = IdSource(millis=lambda: 1_700_000_000_000)  # a clock that stands still: the order is ours to keep
    made = [ids.new("v_"), *ids.run("v_", 5_000), ids.new("v_"), *ids.run("v_", 3), ids.new("v_"), ids.new("v_")]
    assert made == sorted(made)
    assert len(set(made)) == len(made)


def test_a_run_has_the_length_of_single_ids() -> None:
    ids = IdSource()
    for prefix in ("v_", "pub_", "cust_"):
        assert {len(made) for made in ids.run(prefix, 200)} == {len(ids.new(prefix))}


def test_runs_of_two_processes_do_not_meet() -> None:
    first, second = IdSource(millis=lambda: 1), IdSource(millis=lambda: 1)
    assert not set(first.run("v_", 1_000)) & set(second.run("v_", 1_000))


def test_what_is_random_is_read_in_pages_and_never_used_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    pages: list[bytes] = []
    read = secrets.token_bytes

    def page(count: int) -> bytes:
        pages.append(read(count))
        return pages[-1]

    monkeypatch.setattr(secrets, "token_bytes", page)
    ids = IdSource(millis=lambda: 1_700_000_000_000)
    made = [ids.new("pub_").removeprefix("pub_") for _ in range(1_000)]
    tails = {id[COUNTED_DIGITS:] for id in made}
    assert (len(tails), {len(tail) for tail in tails}) == (1_000, {len(made[0]) - COUNTED_DIGITS})
    assert set(map(len, pages)) == {ENTROPY_BYTES}
    assert len(pages) <= 1_000 * len(made[0]) // ENTROPY_BYTES + 1
