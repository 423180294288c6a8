"""Which route answers a method and a raw path.

A tree by segments instead of Starlette's list of regular expressions: it routes on the undecoded path (so `%2F` stays
inside a code), prefers a fixed word to a parameter whatever the order of registration, knows all methods of a path
(405), and costs the same for 10 operations as for 300.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, NamedTuple

from starlette.routing import Route as StarletteRoute

from largesse.domain.errors import LargesseError, MethodNotAllowed, NotBuilt, NotFound
from largesse.http.edge import SERVER_KEYS

_METHODS_ORDER: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")


class Route(StarletteRoute):
    """Starlette's route plus what the edge and /openapi.json want to know about it.

    `body` and `answer` are the Structs of request and response; `form` instead names the fields of a body that is a
    form of the media type `media`; `query` maps a parameter's name to its JSON schema; `statuses` are those of success,
    204 for DELETE and else 200 unless said; `errors` are those that the operation adds to the ones every operation
    has; `keys` the kinds of key it takes; `missing` says for COMPATIBILITY.md what isn't built of it; `writes` whether
    a viewer's key may not use it: by default all but GET.
    """

    def __init__(
        self,
        path: str,
        endpoint: Callable[..., Any],
        *,
        methods: Sequence[str],
        body: Any = None,
        answer: Any = None,
        query: dict[str, dict[str, Any]] | None = None,
        errors: Sequence[type[LargesseError]] = (),
        keys: frozenset[str] = SERVER_KEYS,
        missing: str = "",
        form: dict[str, dict[str, Any]] | None = None,
        media: str = "application/x-www-form-urlencoded",
        statuses: Sequence[int] | None = None,
        writes: bool | None = None,
    ) -> None:
        super().__init__(path, endpoint, methods=methods)
        self.body = body
        self.answer = answer
        self.query = query or {}
        self.errors = tuple(errors)
        self.keys = keys
        self.missing = missing
        self.form = form
        self.media = media
        self.statuses = tuple(statuses or ([204] if {"DELETE"}.issuperset(methods) else [200]))
        self.writes = not {"GET"}.issuperset(methods) if writes is None else writes


class Match(NamedTuple):
    route: StarletteRoute
    parameters: dict[str, str]  # still percent-encoded


class _Node:
    __slots__ = ("absent", "fixed", "parameter", "routes")

    def __init__(self) -> None:
        self.fixed: dict[str, _Node] = {}
        self.parameter: _Node | None = None
        self.routes: dict[str, tuple[StarletteRoute, tuple[str, ...]]] = {}  # by method, with the parameters' names
        self.absent: dict[str, str] = {}  # by method, with what is said about it


class RouteTable:
    """All operations: those that exist, the methods and paths of the contract that don't exist yet, and older ones that
    clients still send, with what is said about them.
    """

    def __init__(
        self,
        routes: Iterable[StarletteRoute],
        absent: Iterable[tuple[str, str]],
        older: Iterable[tuple[str, str, str]] = (),
    ) -> None:
        self._root = _Node()
        for route in routes:
            node, names = self._node(route.path)
            for method in route.methods or ():
                if method in node.routes:
                    raise ValueError(f"{method} {route.path} is routed twice")
                node.routes[method] = (route, names)
        for method, path in absent:
            self._node(path)[0].absent[method] = ""
        for method, path, said in older:
            self._node(path)[0].absent[method] = said

    def _node(self, path: str) -> tuple[_Node, tuple[str, ...]]:
        node, names = self._root, []
        for segment in path.split("/")[1:]:
            if segment.startswith("{"):
                names.append(segment[1:-1])
                node.parameter = node.parameter or _Node()
                node = node.parameter
            else:
                node = node.fixed.setdefault(segment, _Node())
        return node, tuple(names)

    def find(self, method: str, path: str) -> Match:
        """The route. Raises NotFound, MethodNotAllowed or NotBuilt."""
        found = list(_walk(self._root, path.split("/")[1:], 0, ()))
        for node, values in found:
            if method in node.routes:
                route, names = node.routes[method]
                return Match(route, dict(zip(names, values, strict=True)))
            if (said := node.absent.get("GET" if method == "HEAD" else method)) is not None:
                raise NotBuilt(f"{method} {path} is not part of this version" + (said and f". {said}."))
        allowed = _in_order({name for node, _ in found for name in (*node.routes, *node.absent)})
        if allowed:
            raise MethodNotAllowed(method, allowed)
        raise NotFound(f"Cannot find path {path}")

    def allowed(self, path: str) -> tuple[str, ...]:
        """All methods of a path; none when there is no such path."""
        nodes = _walk(self._root, path.split("/")[1:], 0, ())
        return _in_order({name for node, _ in nodes for name in node.routes})


def _walk(
    node: _Node, segments: list[str], at: int, values: tuple[str, ...]
) -> Iterable[tuple[_Node, tuple[str, ...]]]:
    """Every node that a path leads to, the most literal first. An empty segment is never a parameter."""
    if at == len(segments):
        yield node, values
        return
    segment = segments[at]
    if segment in node.fixed:
        yield from _walk(node.fixed[segment], segments, at + 1, values)
    if node.parameter is not None and segment:
        yield from _walk(node.parameter, segments, at + 1, (*values, segment))


def _in_order(methods: set[str]) -> tuple[str, ...]:
    return tuple(method for method in _METHODS_ORDER if method in methods)
