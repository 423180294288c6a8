"""Who may open which page, and what no page lets anybody do."""

import httpx
import pytest

from largesse.domain.projects import Project
from largesse.store.connection import Pool
from tests.dashboard.conftest import NASTY, Person, is_harmless, shown


async def test_nobody_is_led_to_the_sign_in_page(nobody: Person) -> None:
    answer = await nobody.get()
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/app/sign-in?next=")


async def test_everybody_sees_the_first_page_of_a_project(
    dashboard: Person, as_user: Person, as_viewer: Person
) -> None:
    for person in (dashboard, as_user, as_viewer):
        answer = await person.get()
        assert answer.status_code == 200
        assert "No code has been published yet" in shown(answer)
    assert "New campaign" in shown(await as_user.get())
    assert "New campaign" not in shown(await as_viewer.get())


async def test_a_project_that_somebody_does_not_see_is_not_there(
    dashboard: Person, as_user: Person, other_api: httpx.AsyncClient
) -> None:
    assert (await as_user.get("/app/proj_Other0000000")).status_code == 404
    assert (await dashboard.get("/app/proj_Other0000000")).status_code == 200


async def test_only_admins_open_the_list_of_users(dashboard: Person, as_user: Person) -> None:
    assert (await dashboard.get("/app/users")).status_code == 200
    assert (await as_user.get("/app/users")).status_code == 403


async def test_a_form_without_the_proof_or_from_elsewhere_changes_nothing(dashboard: Person, pool: Pool) -> None:
    fields = {"email": "new@example.com", "name": "", "role": "viewer", "password": "long enough 123"}
    assert (await dashboard.client.post("/app/users/new", data=fields)).status_code == 403
    foreign = await dashboard.client.post(
        "/app/users/new", data=fields, headers={"origin": "https://elsewhere.example"}
    )
    assert foreign.status_code == 403
    assert await pool.fetchval("SELECT count(*) FROM users WHERE email = 'new@example.com'") == 0
    assert (await dashboard.post("/app/users/new", fields)).status_code == 303
    assert await pool.fetchval("SELECT count(*) FROM users WHERE email = 'new@example.com'") == 1


@pytest.mark.own_database
async def test_what_nobody_foresaw_is_a_page_too_and_says_nothing_of_the_inside(dashboard: Person, pool: Pool) -> None:
    await pool.execute("ALTER TABLE publication_days RENAME TO gone")
    answer = await dashboard.get()
    assert (answer.status_code, answer.headers["content-type"]) == (500, "text/html; charset=utf-8")
    assert "content-security-policy" in answer.headers
    text = shown(answer)
    assert "Something went wrong here" in text
    assert answer.headers["x-request-id"] in text
    assert "publication_days" not in answer.text
    assert "nothing was changed" not in text
    await pool.execute("ALTER TABLE gone RENAME TO publication_days")
    assert (await dashboard.get()).status_code == 200


async def test_the_name_of_a_project_is_text(dashboard: Person, pool: Pool, project: Project) -> None:
    for text in NASTY.values():
        await pool.execute("UPDATE projects SET name = $2 WHERE id = $1", project.id, text[:200])
        answer = await dashboard.get()
        assert is_harmless(answer)
        assert text[:200] in shown(answer)
