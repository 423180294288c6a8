"""Templates in processes of their own: what one of them does there, nobody else waits for."""

import asyncio
import os
import signal
import time
from typing import Any, Final

import pytest

from largesse.actions import rendering
from largesse.actions.rendering import CPU_S, TOO_LONG, WALL_S, Batch, Part, Task, judge_templates, render_templates
from largesse.domain.errors import Unavailable

ITEMS: Final = {"items": list(range(1_000)), "x": "y"}
ENDLESS: Final = "{% for i in items %}" + "{% assign a = x %}" * 1_900 + "{% endfor %}"
"""Within all bounds, and yet some seconds of work."""
GENEROUS: Final = 4.0


def batch(*templates: str, values: dict[str, Any] | None = None, **more: Any) -> Batch:
    """A message of each."""
    recipes = [[Part("text", template)] for template in templates]
    return Batch(recipes, [Task(place, values or ITEMS) for place in range(len(templates))], **more)


async def texts(given: Batch) -> list[str]:
    answers = await render_templates(1, given, is_request=True)
    return [answer.texts.get("text") or next(iter(answer.faults.values()), "") for answer in answers]


async def test_what_is_wrong_is_told_by_name():
    parts = [Part("0.text", "{{ x }}"), Part("0.html", "a\n{{ x | nope }}", html=True), Part("1.text", "{{" * 30_000)]
    found = await judge_templates(1, parts)
    assert sorted(found) == ["0.html", "1.text"]
    assert "line 2: unknown filter 'nope'" in found["0.html"]
    assert "expected '}}', found end of file" in found["1.text"]


async def test_one_that_takes_too_long_to_judge_is_named(monkeypatch):
    """No template within the bounds does: so the child is asked to end as its alarm would end it."""
    ask = rendering._Child.ask

    def slow(child: Any, question: bytes) -> Any:
        answers = ask(child, question)
        yield next(answers)
        os.kill(child._process.pid, signal.SIGSTOP)
        os.kill(child._process.pid, signal.SIGPROF)
        os.kill(child._process.pid, signal.SIGCONT)
        yield from answers

    monkeypatch.setattr(rendering._Child, "ask", slow)
    big = "{% if x == 1 %}{% endif %}" * 990
    found = await judge_templates(1, [Part("0.text", "{{ x }}"), *(Part(f"{n}.html", big + str(n)) for n in range(40))])
    assert list(found.values()) == [TOO_LONG]
    assert next(iter(found)).endswith(".html")


async def test_later_parts_can_name_what_earlier_ones_are_told_to_say():
    recipe = [Part("text", "Hi {{ x }}", told=True), Part("body", '{"t": {{ text | json }}}')]
    [answer] = await render_templates(1, Batch([recipe], [Task(0, {"x": 'A"n'})]), is_request=True)
    assert answer.texts == {"text": 'Hi A"n', "body": '{"t": "Hi A\\"n"}'}


async def test_one_that_takes_too_long_is_killed_and_the_loop_turns_meanwhile():
    turns = 0

    async def turn() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0.01)
            turns += 1

    turning = asyncio.create_task(turn())
    begun = time.monotonic()
    assert await texts(batch("{{ x }}", ENDLESS, "{{ x }}")) == ["y", TOO_LONG]
    assert time.monotonic() - begun < WALL_S * GENEROUS
    turning.cancel()
    assert turns >= CPU_S / 0.01 / GENEROUS / GENEROUS
    assert await texts(batch("{{ x }}")) == ["y"]


@pytest.mark.parametrize(
    "template",
    [
        "{% for i in items %}" + "{% if x contains 'a' or x == i or i > 4 %}{% endif %}" * 900 + "{% endfor %}",
        "{% capture a %}" + "<" * 60_000 + "{% endcapture %}{{ a | strip_html }}",
        "{% capture a %}" + "<!--" * 15_000 + "{% endcapture %}{{ a | strip_html }}",
        "{% capture a %}" + "ab " * 20_000 + "{% endcapture %}{% assign l = a | split: '' %}{{ l | uniq | size }}",
        "{% for i in items %}" + "{% increment a %}" * 10 + "{% endfor %}",
        "{{ 'now' | date: '%999999999d%999999999d' }}",
        ("{% endif" + " " * 100 + "-%}") * 580,
        ("{{" + " " * 100 + "}}") * 580,
        "{{ x " + "| append: x " * 160 + "}}",
        "{% if x %}" * 29 + "{% cycle 1, 2 %}" * 1_900 + "{% endif %}" * 29,
    ],
)
async def test_no_template_within_the_bounds_takes_longer_than_it_may(template):
    begun = time.monotonic()
    await judge_templates(1, [Part("text", template)])
    await texts(batch(template))
    assert time.monotonic() - begun < WALL_S * 2


async def test_what_there_is_no_time_for_is_left():
    assert await texts(batch("{{ x }}", "{{ x }}", within_s=0.0)) == ["y"]


async def test_a_child_that_somebody_killed_is_replaced_and_asked_again():
    assert await texts(batch("{{ x }}")) == ["y"]
    for child in list(rendering._CHILDREN):
        os.kill(child._process.pid, signal.SIGKILL)
        child._process.wait()
    assert await texts(batch("{{ x }}")) == ["y"]


async def test_one_project_cannot_fill_the_queue():
    waiting = [asyncio.create_task(texts(batch(ENDLESS))) for _ in range(rendering.WAITING_MAX_OF_ONE)]
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        await judge_templates(1, [Part("text", "{{ x }}")])
    other = asyncio.create_task(judge_templates(2, [Part("text", "{{ x }}")]))
    for task in waiting:
        task.cancel()
    assert await other == {}
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_children_are_no_more_than_said():
    await asyncio.gather(*(texts(batch("{{ x }}")) for _ in range(6)))
    assert len(rendering._CHILDREN) <= rendering.CHILDREN
