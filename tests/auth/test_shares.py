"""Turns: bounded by project and key, fair between them, and refused at once beyond."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from largesse.auth.shares import Holder, Limits, Turns
from largesse.domain.errors import TooManyAtOnce, Unavailable

A1, A2, B1 = Holder(1, "a1"), Holder(1, "a2"), Holder(2, "b1")
LIMITS = Limits(at_once=4, group_at_once=3, member_at_once=2, waiting=6, group_waiting=4, member_waiting=3)


class Crowd:
    """Callers that take a turn and keep it until they are let go."""

    def __init__(self, turns: Turns) -> None:
        self.turns = turns
        self.inside: list[Holder] = []
        self.order: list[Holder] = []
        self._leave: dict[Holder, list[asyncio.Event]] = {}
        self.tasks: list[asyncio.Task[None]] = []

    async def come(self, holder: Holder, count: int = 1) -> list["asyncio.Task[None]"]:
        tasks = [asyncio.create_task(self._stay(holder)) for _ in range(count)]
        self.tasks += tasks
        await settle()
        return tasks

    async def _stay(self, holder: Holder) -> None:
        async with self.turns.turn(holder):
            self.inside.append(holder)
            self.order.append(holder)
            leave = asyncio.Event()
            self._leave.setdefault(holder, []).append(leave)
            try:
                await leave.wait()
            finally:
                self.inside.remove(holder)
                if leave in self._leave[holder]:
                    self._leave[holder].remove(leave)

    async def go(self, holder: Holder) -> None:
        self._leave[holder].pop(0).set()
        await settle()

    async def end(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_a_key_and_a_project_leave_room_for_others() -> None:
    crowd = Crowd(Turns(LIMITS))
    await crowd.come(A1, 5)
    assert crowd.inside == [A1, A1]
    await crowd.come(A2, 1)
    assert crowd.inside == [A1, A1, A2]
    await crowd.come(B1, 1)
    assert crowd.inside == [A1, A1, A2, B1]
    await crowd.end()


async def test_what_is_beyond_is_refused_at_once_and_says_whose_fault_it_is() -> None:
    crowd = Crowd(Turns(LIMITS))
    refused = (await crowd.come(A1, 6))[-1]
    with pytest.raises(TooManyAtOnce, match="key"):
        await refused
    refused = (await crowd.come(A2, 3))[-1]
    with pytest.raises(TooManyAtOnce, match="project"):
        await refused
    refused = (await crowd.come(B1, 4))[-1]
    assert crowd.inside.count(B1) == 1
    with pytest.raises(Unavailable):
        await refused
    await crowd.end()


async def test_projects_and_keys_are_served_in_turn() -> None:
    crowd = Crowd(Turns(Limits(at_once=1, group_at_once=1, member_at_once=1, waiting=99, group_waiting=99,
                               member_waiting=99)))  # fmt: skip
    await crowd.come(A1, 4)
    await crowd.come(A2, 2)
    await crowd.come(B1, 2)
    for _ in range(8):
        await crowd.go(crowd.inside[0])
    assert crowd.order == [A1, A1, B1, A2, B1, A1, A2, A1]


async def test_nobody_waits_longer_than_the_patience_and_nothing_is_left_behind() -> None:
    turns = Turns(LIMITS, patience_s=0.01)
    async with AsyncExitStack() as stack:
        for _ in range(2):
            await stack.enter_async_context(turns.turn(A1))
        with pytest.raises(Unavailable):
            async with turns.turn(A1):
                pass
    async with AsyncExitStack() as stack:
        for holder in (A1, A1, A2, B1):
            await stack.enter_async_context(turns.turn(holder))


@given(st.lists(st.tuples(st.sampled_from([A1, A2, B1]), st.sampled_from(["come", "go", "cancel"])), max_size=60))
def test_whatever_comes_goes_and_hangs_up_bounds_hold_and_every_turn_comes_back(
    moves: list[tuple[Holder, str]],
) -> None:
    async def play() -> None:
        crowd = Crowd(Turns(LIMITS))
        for holder, move in moves:
            if move == "come":
                await crowd.come(holder)
            elif move == "go" and holder in crowd.inside:
                await crowd.go(holder)
            elif move == "cancel" and crowd.tasks:
                crowd.tasks[len(moves) % len(crowd.tasks)].cancel()
                await settle()
        await crowd.end()
        fresh = Crowd(crowd.turns)
        await fresh.come(A1, 2)
        await fresh.come(A2, 1)
        await fresh.come(B1, 1)
        assert fresh.inside == [A1, A1, A2, B1]
        await fresh.end()

    asyncio.run(play())
