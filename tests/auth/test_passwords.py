"""Nobody's password is wrong, as slowly as anybody's."""

from argon2 import PasswordHasher, extract_parameters

from largesse.auth import passwords
from largesse.auth.passwords import Passwords, hash_now


async def test_nobody_has_no_password_and_it_costs_as_much_to_find_out():
    assert not await Passwords().matches("nobody has this password", None)
    assert not await Passwords().matches("", None)
    assert extract_parameters(passwords._NOBODYS) == extract_parameters(hash_now("x"))
    assert not PasswordHasher().check_needs_rehash(passwords._NOBODYS)


async def test_a_password_matches_its_own_hash():
    known = await Passwords().hash("a long enough one")
    assert await Passwords().matches("a long enough one", known)
    assert not await Passwords().matches("another", known)
