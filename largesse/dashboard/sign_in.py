"""Signing in and out, and the way to a project."""

from starlette.responses import Response

from largesse.auth import sessions
from largesse.dashboard.forms import Form
from largesse.dashboard.routing import COOKIE, SIGN_IN, Page
from largesse.dashboard.view import View
from largesse.domain.errors import TooManyAtOnce, Unauthorized
from largesse.domain.users import SESSION


async def show(view: View) -> Response:
    """Whoever is signed in already goes on."""
    goal = _goal(view.query.text("next"))
    if view.signed_in is not None:
        return view.go(goal)
    return view.page("sign_in.html", form=Form.of(next=goal))


async def sign_in(view: View) -> Response:
    view.token = ""  # a form of nobody yet: its origin was checked
    form = await view.form()
    goal = _goal(form.text("next"))
    try:
        token = await sessions.sign_in(
            view.services.lookup_pool,
            view.passwords,
            form.text("email"),
            form.text("password"),
            address=view.address,
        )
    except TooManyAtOnce as error:
        form.problems.append("Too many people try to sign in at this moment. Try again in a moment.")
        response = view.page("sign_in.html", error.status, form=form)
        response.headers["retry-after"] = str(error.retry_after_s)
        return response
    except Unauthorized:
        form.problems.append(
            "That address and password don't belong together. After five wrong passwords in a row an account is "
            "locked for a while."
        )
        return view.page("sign_in.html", 401, form=form)
    response = view.go(goal)
    response.set_cookie(
        COOKIE,
        token,
        max_age=int(SESSION.total_seconds()),
        path="/app",
        httponly=True,
        samesite="lax",
        secure=view.services.public_url.startswith("https://"),
    )
    return response


async def sign_out(view: View) -> Response:
    await view.form()
    await sessions.sign_out(view.services.lookup_pool, view.token)
    response = view.go(SIGN_IN, "You are signed out.")
    response.delete_cookie(COOKIE, path="/app")
    return response


async def start(view: View) -> Response:
    """To the project that was made first; with none to see, a page that says so."""
    if not view.projects:
        return view.page("no_project.html")
    return view.go(f"/app/{view.projects[0].public_id}")


def _goal(wanted: str | None) -> str:
    """A page of ours, and nothing else."""
    return wanted if wanted and wanted.startswith("/app/") and "\\" not in wanted else "/app/"


PAGES = [
    Page("/app/", start),
    Page(SIGN_IN, show, is_open=True),
    Page(SIGN_IN, sign_in, methods=["POST"], is_open=True),
    Page("/app/sign-out", sign_out, methods=["POST"], role="viewer"),
]
