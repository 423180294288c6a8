"""Who may sign in, for admins."""

import secrets
from typing import Any

from starlette.responses import Response

from largesse.actions import users as actions
from largesse.dashboard.forms import Form
from largesse.dashboard.routing import Page
from largesse.dashboard.view import View
from largesse.domain.errors import DuplicateFound, InvalidPayload, NotFound
from largesse.domain.users import ADMIN, ROLES, USER, ListedUser, check_password
from largesse.store import users as store

WHAT_ROLES_DO = {
    ADMIN: "everything, in every project; users and keys too",
    USER: "works in the projects that they see",
    "viewer": "reads, and changes nothing",
}


async def list_(view: View) -> Response:
    async with view.connection() as connection:
        found = await store.list_users(connection)
    return view.page("users.html", users=found, names={project.id: project.name for project in view.projects})


async def new(view: View) -> Response:
    return _form(view, Form.of(role=USER, password=secrets.token_urlsafe(12)))


async def create(view: View) -> Response:
    form = await view.form()
    try:
        sent = actions.check_user(
            actions.UserInput(
                email=form.text("email"), name=form.text("name"), role=form.text("role"), projects=_projects(view, form)
            )
        )
        check_password(form.text("password"))
    except InvalidPayload as error:
        form.refuse(error)
        return _form(view, form, status=400)
    password_hash = await view.passwords.hash(form.text("password"), person=view.user.id)
    try:
        async with view.connection() as connection:
            await actions.create_user(connection, view.services.ids, sent, password_hash)
    except DuplicateFound:
        form.fault("email", "Somebody has this address already.")
        return _form(view, form, status=400)
    return view.go("/app/users", f"{sent.email} can sign in now. Tell them the password yourself: it isn't kept.")


async def edit(view: View) -> Response:
    user = await _find(view)
    form = Form([("name", user.name), ("role", user.role), ("enabled", "" if user.disabled_at else "on")])
    return _form(view, form, user=user, seen=user.projects)


async def update(view: View) -> Response:
    form, user = await view.form(), await _find(view)
    seen = _projects(view, form)
    try:
        new_hash = None
        if form.text("password"):
            new_hash = await view.passwords.hash(check_password(form.text("password")), person=view.user.id)
        async with view.connection() as connection:
            await actions.update_user(
                connection,
                user.id,
                name=form.text("name"),
                role=form.text("role"),
                projects=seen,
                enabled=form.checked("enabled"),
            )
            if new_hash is not None:
                await actions.change_password(connection, user.id, new_hash)
    except InvalidPayload as error:
        form.refuse(error)
        return _form(view, form, user=user, seen=seen, status=400)
    return view.go("/app/users", f"{user.email} was changed.")


async def _find(view: View) -> ListedUser:
    user_id = view.parameter("user_id")
    async with view.connection() as connection:
        found = await store.list_users(connection, user_id)
    if not found:
        raise NotFound.of("user", user_id)
    return found[0]


def _projects(view: View, form: Form) -> list[int]:
    wanted = set(form.all("projects"))
    return [project.id for project in view.projects if project.public_id in wanted]


def _form(view: View, form: Form, *, status: int = 200, user: ListedUser | None = None, seen: Any = ()) -> Response:
    roles = [(role, role.capitalize(), WHAT_ROLES_DO[role]) for role in ROLES]
    return view.page("user_form.html", status, form=form, edited=user, roles=roles, seen=seen or _projects(view, form))


PAGES = [
    Page("/app/users", list_, role=ADMIN),
    Page("/app/users/new", new, role=ADMIN),
    Page("/app/users/new", create, methods=["POST"], role=ADMIN),
    Page("/app/users/{user_id}", edit, role=ADMIN),
    Page("/app/users/{user_id}", update, methods=["POST"], role=ADMIN),
]
