"""Templates of messages: Liquid, with limits on all that a template can do (docs/semantics/distribution.md).

What a template names and nobody has is empty. Values are escaped in HTML. Nothing is loaded, no range is made, and no
filter makes a text longer than a message may be. Even so templates are parsed and rendered in a process that can be
killed (actions/rendering.py): nobody can say of a whole template language that nothing in it is slow.
"""

import re
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from functools import lru_cache
from typing import Any, Final

import msgspec
from liquid import BoundTemplate, Environment, RenderContext
from liquid.builtin.expressions.primitive import RangeLiteral
from liquid.exceptions import LiquidError
from liquid.expression import Expression
from liquid.undefined import is_undefined
from markupsafe import Markup

from largesse.wire.faults import Fault, printable
from largesse.wire.template_filters import ZONE, date, money, zone_of

TEMPLATE_CHARACTERS_MAX: Final = 65_536
MESSAGE_CHARACTERS_MAX: Final = 262_144
TEXT_CHARACTERS_MAX: Final = 65_536
"""Of what a filter makes."""
FILTER_COST: Final = 1_000
WORK_MAX: Final = 10_000_000
"""Characters that all filters of one rendering may look at, each use of one counted as FILTER_COST: some 50 ms."""
MARKS_MAX: Final = 2_000
"""Tags and outputs of a template."""
MARK_CHARACTERS_MAX: Final = 2_000
"""Of one of them."""
SPACES_MAX: Final = 100
"""In a row in one of them: at each the library begins again to search for the end."""
LOOPS_MAX: Final = 1_000
NAMESPACE_BYTES_MAX: Final = 1_048_576
KEPT_MAX: Final = 256
"""Parsed templates that a process remembers."""
_FILTERS: Final = frozenset(
    {
        "abs", "append", "at_least", "at_most", "capitalize", "ceil", "compact", "date", "default", "divided_by",
        "downcase", "escape", "escape_once", "first", "floor", "join", "last", "lstrip", "map", "minus", "modulo",
        "newline_to_br", "plus", "prepend", "remove", "remove_first", "replace", "replace_first", "reverse", "round",
        "rstrip", "size", "slice", "sort", "split", "strip", "strip_html", "strip_newlines", "times", "truncate",
        "truncatewords", "uniq", "upcase", "url_encode", "where",
    }
)  # fmt: skip
_SEEING: Final = frozenset({"compact", "default", "map", "sort", "uniq", "where"})
"""Filters that tell what is unset from what is empty."""
_TAGS: Final = frozenset({"include", "render", "tablerow", "increment", "decrement", "ifchanged"})
_MARK: Final = re.compile(r"\{[{%]")
_SPACES: Final = re.compile(rf"\s{{{SPACES_MAX + 1}}}")
_RAW: Final = {name: re.compile(rf"\{{%-?\s{{0,100}}end{name}\s{{0,100}}-?%\}}") for name in ("raw", "doc")}
"""What stands in these isn't read: by name, what ends them."""
_WORK: Final[ContextVar[list[int]]] = ContextVar("work")


class _Limited(Environment):
    loop_iteration_limit = LOOPS_MAX
    output_stream_limit = MESSAGE_CHARACTERS_MAX
    local_namespace_limit = NAMESPACE_BYTES_MAX
    context_depth_limit = 10


class TooLong(LiquidError):
    """What a filter would make is longer than a message may be"""


def _text(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)


def _length(value: Any) -> int:
    return len(value) if isinstance(value, str | list | tuple) else 0


def _searched(value: Any) -> int:
    """From each `<` on the rest of the text may be searched for its end."""
    return len(value) * (1 + value.count("<")) // 10 if isinstance(value, str) else 0


def _compared(value: Any) -> int:
    """Each with each."""
    return len(value) ** 2 if isinstance(value, list | tuple) else _length(value)


def _guarded(apply: Any, size: Any = None, cost: Any = None, *, fills: bool = True) -> Any:
    """The filter, unless what it would make is too long (`size` says how long at most), or the work (`cost`, in
    characters) gets too much. What nobody has is an empty text to it (`fills`), and of nothing it makes nothing where
    it can't make anything else of it.
    """

    def guarded(*given: Any, **named: Any) -> Any:
        budget = _WORK.get()
        budget[0] -= FILTER_COST + (cost or _length)(given[0] if given else None)
        if budget[0] < 0:
            raise TooLong("the template takes too long", token=None)
        if size is not None and size(*given[:3]) > TEXT_CHARACTERS_MAX:
            raise TooLong("a text gets too long", token=None)
        if fills:
            given = tuple("" if one is None or is_undefined(one) else one for one in given)
        elif given and given[0] is None:
            given = ("", *given[1:])
        try:
            return apply(*given, **named)
        except Exception:
            if given and _is_empty(given[0]):
                return ""
            raise

    for name in ("with_context", "with_environment"):
        if hasattr(apply, name):
            setattr(guarded, name, getattr(apply, name))
    return guarded


def _is_empty(value: Any) -> bool:
    return value is None or is_undefined(value) or (isinstance(value, str | list | tuple | dict) and not value)


def _added(left: Any, *more: Any) -> int:
    return len(_text(left)) + sum(len(_text(one)) for one in more)


def _replaced(left: Any, old: Any, new: Any = "") -> int:
    text, part = _text(left), _text(old)
    return len(text) + (text.count(part) if part else len(text) + 1) * len(_text(new))


def _joined(left: Any, between: Any = " ", *_: Any) -> int:
    items = left if isinstance(left, list | tuple) else [left]
    return sum(len(_text(item)) + len(_text(between)) for item in items)


def _product(left: Any, right: Any, *_: Any) -> int:
    """In bits: a square of a square of a square is soon longer than any text."""
    return sum(one.bit_length() for one in (left, right) if isinstance(one, int))


def _quoted(value: Any, *_: Any) -> int:
    return 2 * len(_text(value)) + 2


def _json(value: Any) -> str:
    """A value as JSON, for the body that an SMS gateway wants."""
    return msgspec.json.encode(_text(value) if isinstance(value, Markup) else value, enc_hook=str).decode()


def _environment(*, escapes: bool) -> Environment:
    made = _Limited(autoescape=escapes)
    made.filters = {name: apply for name, apply in made.filters.items() if name in _FILTERS}
    sizes = {"append": _added, "prepend": _added, "replace": _replaced, "replace_first": _added, "join": _joined,
             "times": _product}  # fmt: skip
    costs = {"strip_html": _searched, "uniq": _compared}
    made.filters |= {"date": date, "money": money}
    made.filters = {name: _guarded(apply, sizes.get(name), costs.get(name)) for name, apply in made.filters.items()}
    made.filters["json"] = _guarded(_json, _quoted)
    for name in _TAGS:
        made.tags.pop(name, None)
    return made


_HTML: Final = _environment(escapes=True)
_PLAIN: Final = _environment(escapes=False)


@lru_cache(maxsize=KEPT_MAX)
def parse_template(text: str, *, html: bool = False) -> BoundTemplate:
    """Raises Fault with the line where it is wrong."""
    if len(text) > TEMPLATE_CHARACTERS_MAX:
        raise Fault(f"must not have more than {TEMPLATE_CHARACTERS_MAX} characters")
    _check_marks(text)
    environment = _HTML if html else _PLAIN
    try:
        template = environment.from_string(text)
        used = template.analyze().filters
        ranges = [one for one in _expressions(template) if isinstance(one, RangeLiteral)]
    except LiquidError as error:
        raise Fault(f"is not a valid template: {_where(error)}") from error
    except RecursionError as error:
        raise Fault("is not a valid template: it is nested too deeply") from error
    except Exception as error:
        raise Fault(f"is not a valid template: {type(error).__name__}") from error
    if ranges:
        line = text.count("\n", 0, ranges[0].token.start_index) + 1
        raise Fault(f"is not a valid template: line {line}: ranges like (1..3) are not supported")
    for name, places in used.items():
        if name not in environment.filters:
            line = text.count("\n", 0, places[0].index) + 1
            raise Fault(f"is not a valid template: line {line}: unknown filter '{printable(name)}'")
    return template


def _check_marks(text: str) -> None:
    """Raises Fault where there are more or longer tags than the library reads in time, or one has no end."""
    at, found = 0, 0
    while (mark := _MARK.search(text, at)) is not None:
        found += 1
        if found > MARKS_MAX:
            raise Fault(f"is not a valid template: it has more than {MARKS_MAX} tags")
        at = _end_of(text, mark)


def _end_of(text: str, mark: re.Match[str]) -> int:
    """Where the library goes on reading. Raises Fault."""
    begin, line = mark.start(), text.count("\n", 0, mark.start()) + 1
    closing = "}}" if mark.group() == "{{" else "%}"
    end = text.find(closing, mark.end(), begin + MARK_CHARACTERS_MAX)
    if end < 0:
        if text.find(closing, mark.end()) < 0:
            raise Fault(f"is not a valid template: line {line}: expected '{closing}', found end of file")
        raise Fault(f"is not a valid template: line {line}: a tag has more than {MARK_CHARACTERS_MAX} characters")
    if _SPACES.search(text, begin, end):
        raise Fault(f"is not a valid template: line {line}: a tag has more than {SPACES_MAX} spaces in a row")
    name = text[begin + 2 : end].strip(" \t\r\n\f\v-") if closing == "%}" else ""
    if name in _RAW:
        past = _RAW[name].search(text, end)
        if past is None:
            raise Fault(f"is not a valid template: line {line}: '{name}' has no end")
        return past.end()
    return end + len(closing)


def _expressions(template: BoundTemplate) -> Iterator[Expression]:
    """All that a template evaluates. A range is found in the tree only: any text may stand around it."""
    context = RenderContext(template)
    nodes = list(template.nodes)
    while nodes:
        node = nodes.pop()
        nodes += node.children(context)
        waiting = list(node.expressions())
        while waiting:
            yield (one := waiting.pop())
            waiting += one.children()


def render_template(text: str, values: Mapping[str, Any], *, html: bool = False, time_zone: str | None = None) -> str:
    """`time_zone`: in which the `date` filter shows moments; UTC where none is given. Raises Fault for what can't be
    rendered: a limit was reached, a sum has a word in it.
    """
    template = parse_template(text, html=html)
    _WORK.set([WORK_MAX])
    ZONE.set(zone_of(time_zone))
    try:
        return str(template.render(**values))
    except LiquidError as error:
        raise Fault(f"cannot be rendered: {_where(error)}") from error
    except Exception as error:  # the library's filters raise what Python does: KeyError, TypeError, OverflowError …
        raise Fault(f"cannot be rendered: {type(error).__name__}") from error


def _where(error: LiquidError) -> str:
    message = str(error.args[0] if error.args else error).splitlines()[0]
    token = getattr(error, "token", None)
    if token is None or getattr(token, "start_index", -1) < 0:
        return message
    line = token.source.count("\n", 0, token.start_index) + 1
    return f"line {line}: {message}"
