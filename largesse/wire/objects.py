"""Objects in a query string: `customer[address][city]=…`, or the whole object as JSON."""

import re
from typing import Any, Final

from largesse.domain.errors import InvalidPayload, MalformedJson
from largesse.wire.lists import Query
from largesse.wire.parse import DEPTH_MAX, parse_json

_NAME: Final = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_SEGMENT: Final = re.compile(r"\[([^\[\]]*)\]")


def read_object(query: Query, name: str) -> Any:
    """What the query says about `name`: an object, a bare text, or None for nothing. Values in brackets are texts.

    `name[key][]=…` appends to a list, `name[key][0]=…` too when the indices run from 0 without a gap. Of a key given
    twice the last counts. What can't be understood is written down in `query`.
    """
    bare: Any = None
    tree: dict[str, Any] = {}
    for full, text in query.pairs:
        match = _NAME.fullmatch(full)
        if match is None or match[1] != name:
            continue
        path = _SEGMENT.findall(match[2])
        if not path and not text:
            continue  # an empty value is as good as none
        if not path:
            bare = _whole(query, name, text)
        elif len(path) >= DEPTH_MAX:
            query.fault(name, f"must not be deeper than {DEPTH_MAX}")
        elif not path[0] or not _put(tree, path, text):
            query.fault(full, "must not be a value and an object at once")
    if tree and bare is not None:
        query.fault(name, "must not be a value and an object at once")
    return {key: _with_lists(value) for key, value in tree.items()} if tree else bare


def _whole(query: Query, name: str, text: str) -> Any:
    """A text that begins like a JSON object is one."""
    if not text.lstrip().startswith("{"):
        return text
    try:
        return parse_json(text.encode(), dict[str, Any])
    except (MalformedJson, InvalidPayload):
        query.fault(name, "must be valid JSON, since it begins with a brace")
        return None


def _put(tree: dict[str, Any], path: list[str], text: str) -> bool:
    """False when the path leads through a value, or ends at an object."""
    *outer, last = path
    for key in outer:
        inner = tree.setdefault(key or str(len(tree)), {})
        if not isinstance(inner, dict):
            return False
        tree = inner
    key = last or str(len(tree))
    if isinstance(tree.get(key), dict):
        return False
    tree[key] = text
    return True


def _with_lists(value: Any) -> Any:
    """Objects whose keys count from 0 are lists. Not the outermost: metadata is an object whatever its keys."""
    if not isinstance(value, dict):
        return value
    inner = {key: _with_lists(item) for key, item in value.items()}
    return list(inner.values()) if list(inner) == [str(n) for n in range(len(inner))] else inner
