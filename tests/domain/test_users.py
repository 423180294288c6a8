from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from largesse.actions.users import UserInput, check_user
from largesse.domain.errors import InvalidPayload
from largesse.domain.users import (
    ADMIN,
    EMAIL_LENGTH_MAX,
    NAME_LENGTH_MAX,
    PASSWORD_LENGTH_MAX,
    PASSWORD_LENGTH_MIN,
    ROLES,
    USER,
    VIEWER,
    User,
    check_email,
    check_name,
    check_password,
    check_role,
    fold_email,
)


def user(role: str = USER, projects: list[int] | None = None) -> User:
    return User(id="user_1", email="a@b", name="A", role=role, projects=projects)


MAY = {(ADMIN, ADMIN), (ADMIN, USER), (ADMIN, VIEWER), (USER, USER), (USER, VIEWER), (VIEWER, VIEWER)}


@pytest.mark.parametrize(("role", "needed"), list(product(ROLES, ROLES)))
def test_a_role_may_what_it_and_those_below_it_may(role: str, needed: str) -> None:
    assert user(role).may(needed) is ((role, needed) in MAY)


@pytest.mark.parametrize(("projects", "sees"), [(None, {1, 2, 3}), ([], set()), ([2], {2}), ([1, 3], {1, 3})])
def test_a_user_sees_the_projects_listed_and_without_a_list_all(projects: list[int] | None, sees: set[int]) -> None:
    assert {project for project in (1, 2, 3) if user(projects=projects).sees(project)} == sees


@pytest.mark.parametrize(
    "email", ["a@b", "first.last+tag@shop.example", "ü@bücher.example", "a" * (EMAIL_LENGTH_MAX - 2) + "@b"]
)
def test_an_address_is_accepted(email: str) -> None:
    assert check_email(email) == email


@pytest.mark.parametrize(
    "email",
    ["", " ", "a", "@", "a@", "@b", "a@b@c", "a b@c", "a@b c", "a@b\x00", "a\n@b", "a@b\r\nBcc: x@y",
     "a" * (EMAIL_LENGTH_MAX - 1) + "@b"],
)  # fmt: skip
def test_what_is_no_address_is_refused(email: str) -> None:
    with pytest.raises(InvalidPayload, match=r"\.email"):
        check_email(email)


def test_an_address_is_stored_as_it_is_compared() -> None:
    assert check_email("  Anna@Shop.EXAMPLE\n") == fold_email("anna@shop.example") == "anna@shop.example"


@given(st.text())
def test_folding_an_address_again_changes_nothing(email: str) -> None:
    assert fold_email(fold_email(email)) == fold_email(email)


@pytest.mark.parametrize(("length", "fits"), [
    (0, False), (PASSWORD_LENGTH_MIN - 1, False), (PASSWORD_LENGTH_MIN, True), (PASSWORD_LENGTH_MAX, True),
    (PASSWORD_LENGTH_MAX + 1, False),
])  # fmt: skip
def test_a_password_is_kept_to_the_letter_when_its_length_fits(length: int, fits: bool) -> None:
    password = (" Aä" * length)[:length]
    if fits:
        assert check_password(password) == password
        return
    with pytest.raises(InvalidPayload, match="10 to 200 characters"):
        check_password(password)


@pytest.mark.parametrize("role", ["", "Admin", "owner", "admin "])
def test_there_are_three_roles_and_no_other(role: str) -> None:
    assert [check_role(one) for one in ROLES] == [ADMIN, USER, VIEWER]
    with pytest.raises(InvalidPayload, match=r"\.role must be equal to one of"):
        check_role(role)


def test_a_name_is_trimmed_and_bounded() -> None:
    assert check_name("  Anna ") == "Anna"
    assert check_name("") == ""
    assert check_name("n" * NAME_LENGTH_MAX) == "n" * NAME_LENGTH_MAX
    with pytest.raises(InvalidPayload, match=r"\.name"):
        check_name("n" * (NAME_LENGTH_MAX + 1))


def test_an_admin_sees_all_projects_so_no_list_is_kept_of_them() -> None:
    sent = UserInput(email=" A@B ", name=" A ", role=ADMIN, projects=[1, 2])
    assert check_user(sent) == UserInput(email="a@b", name="A", role=ADMIN, projects=[])
    for role in (USER, VIEWER):
        assert check_user(UserInput(email="a@b", name="A", role=role, projects=[1, 2])).projects == [1, 2]


def test_all_faults_of_a_user_are_told_at_once() -> None:
    with pytest.raises(InvalidPayload) as raised:
        check_user(UserInput(email="x", name="n" * 101, role="y", projects=[]))
    assert [fault.split(" ")[1] for fault in str(raised.value).split("; ")] == [".email", ".name", ".role"]
