"""One's own account: the password."""

from starlette.responses import Response

from largesse.actions.users import change_password
from largesse.auth.sessions import is_password_of
from largesse.dashboard.forms import Form
from largesse.dashboard.routing import Page
from largesse.dashboard.view import View
from largesse.domain.errors import InvalidPayload
from largesse.domain.keys import hash_token
from largesse.domain.users import check_password


async def show(view: View) -> Response:
    return view.page("account.html", form=Form())


async def change(view: View) -> Response:
    """The old password is asked for: whoever finds an open browser must not be able to lock its owner out."""
    form = await view.form()
    pool, given = view.services.lookup_pool, form.text("password")
    if not await is_password_of(pool, view.passwords, view.user.id, view.token, given):
        form.fault("password", "That isn't your password.")
    try:
        check_password(form.text("new_password"))
    except InvalidPayload as error:
        form.refuse(error, {"password": "new_password"})
    if form.text("new_password") != form.text("repeated"):
        form.fault("repeated", "Must be the same as the new password.")
    if form.is_refused:
        return view.page("account.html", 400, form=form)
    new_hash = await view.passwords.hash(form.text("new_password"), person=view.user.id)
    async with view.connection() as connection:
        await change_password(connection, view.user.id, new_hash, but=hash_token(view.token))
    return view.go("/app/account", "Your password was changed. Everywhere else you are signed out.")


PAGES = [
    Page("/app/account", show),
    Page("/app/account", change, methods=["POST"], role="viewer"),
]
