"""A page's route, and who may open it."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import Response
from starlette.routing import Route

from largesse.domain.users import USER, VIEWER

if TYPE_CHECKING:
    from largesse.dashboard.view import View

PROJECT: Final = "/app/{project_id}"
SIGN_IN: Final = "/app/sign-in"
COOKIE: Final = "largesse_session"

Handler = Callable[["View"], Awaitable[Response]]


class Page(Route):
    """`path` stands below the project, unless it begins with /app. A viewer may GET, whatever else takes a `user`.

    `role` asks for more; `is_open` pages are for people who aren't signed in.
    """

    def __init__(
        self, path: str, handler: Handler, *, methods: Sequence[str] = ("GET",), role: str = "", is_open: bool = False
    ) -> None:
        whole = path if path.startswith("/app") else PROJECT + path
        super().__init__(whole, _never, methods=list(methods))
        self.handler = handler
        self.role = role or (VIEWER if tuple(methods) == ("GET",) else USER)
        self.is_open = is_open
        self.in_project = whole.startswith(PROJECT)


async def _never(_request: Any) -> Response:
    raise AssertionError("a page is called through its handler")
