"""The tree of errors, as programs rely on it."""

import re
from collections.abc import Iterator

import pytest

from largesse.domain import errors
from largesse.domain.errors import (
    DuplicateFound,
    InvalidPayload,
    LargesseError,
    MethodNotAllowed,
    MissingRequiredPermission,
    NotFound,
    PayloadTooLarge,
    TooManyRequests,
    Unauthorized,
    Unavailable,
)


def tree(top: type[LargesseError] = LargesseError) -> Iterator[type[LargesseError]]:
    yield top
    for below in top.__subclasses__():
        if below.__module__ == errors.__name__:
            yield from tree(below)


ALL = list(tree())
FRAMEWORK = {400, 405, 406, 413, 415}
"""Statuses for which the framework answers in a shape without a key."""


@pytest.mark.parametrize("error", ALL)
def test_every_error_has_a_status_of_its_own_and_a_key_for_programs(error: type[LargesseError]) -> None:
    assert 400 <= error.status <= 599
    if error.key is None:
        assert error.status in FRAMEWORK
    else:
        assert re.fullmatch(r"[a-z]+(?:_[a-z]+)*", error.key)


@pytest.mark.parametrize("error", ALL)
def test_every_error_has_a_message_of_one_line(error: type[LargesseError]) -> None:
    assert error.__doc__
    assert error.__doc__.partition("\n")[0].strip()


def test_no_key_means_two_statuses() -> None:
    statuses: dict[str, set[int]] = {}
    for error in ALL:
        if error.key is not None:
            statuses.setdefault(error.key, set()).add(error.status)
    assert {key: found for key, found in statuses.items() if len(found) > 1} == {}


@pytest.mark.parametrize("error", ALL)
def test_only_what_passes_by_itself_says_when_to_try_again(error: type[LargesseError]) -> None:
    assert (error.retry_after_s is not None) <= (error.status in {429, 503})
    assert error.retry_after_s is None or error.retry_after_s >= 1


def test_the_first_line_of_the_docstring_is_the_message() -> None:
    assert InvalidPayload().message == "Invalid payload"
    assert errors.MalformedJson().message == "Invalid request payload JSON format"
    assert InvalidPayload("why", message="other").message == "other"


def test_an_error_reads_as_its_details_and_without_any_as_its_message() -> None:
    assert str(InvalidPayload("Property .x must be y")) == "Property .x must be y"
    assert str(InvalidPayload()) == "Invalid payload"


def test_a_thing_not_found_is_named_in_words_and_with_its_id() -> None:
    error = NotFound.of("validation_rules_assignment", "asgm_1")
    assert error.details == "Cannot find validation rules assignment with id asgm_1"
    assert (error.resource_type, error.resource_id) == ("validation_rules_assignment", "asgm_1")


@pytest.mark.parametrize(("allowed", "words"), [(("GET",), "GET"), (("GET", "PUT", "DELETE"), "GET or PUT or DELETE")])
def test_a_method_that_a_path_lacks_is_answered_with_those_it_has(allowed: tuple[str, ...], words: str) -> None:
    error = MethodNotAllowed("POST", allowed)
    assert error.details == f"POST is not supported by this endpoint. Did you mean {words}?"
    assert error.allowed == allowed


def test_a_limit_that_was_passed_is_quoted() -> None:
    assert PayloadTooLarge(1_000).message == "Payload content length greater than maximum allowed: 1000"


def test_strangers_are_not_told_why_a_key_opens_nothing() -> None:
    words = str(Unauthorized.opens_nothing())
    assert all(reason in words for reason in ("no such key or token", "revoked", "expired", "other paths"))
    assert Unauthorized.opens_nothing().resource_id is None


def test_too_much_of_anything_is_told_by_one_status_and_key() -> None:
    kinds = list(tree(TooManyRequests))
    assert {(kind.status, kind.key) for kind in kinds} == {(429, "too_many_requests")}
    assert all(kind.retry_after_s for kind in kinds if kind is not TooManyRequests)  # whose headers say it


def test_conflicts_are_not_bad_requests_and_waiting_helps_against_neither() -> None:
    assert (DuplicateFound.status, Unavailable.status, MissingRequiredPermission.status) == (409, 503, 403)
    assert DuplicateFound.retry_after_s is None
