"""The names of events, as sets."""

from largesse.events.catalogue import MISSPELT, SUBSCRIBABLE, UNBUILT, EventType
from largesse.events.payloads import LOGGED, PUBLICATION_FAILED


def test_what_cannot_happen_yet_cannot_be_subscribed_to() -> None:
    assert not SUBSCRIBABLE & UNBUILT


def test_two_names_follow_from_others_and_are_never_written() -> None:
    assert {"voucher.gift.balance_added", "voucher.loyalty_card.points_added"} == SUBSCRIBABLE - set(EventType)


def test_the_contracts_misspelt_names_stand_for_names_and_are_none_themselves() -> None:
    assert set(MISSPELT.values()) <= SUBSCRIBABLE
    assert not set(MISSPELT) & SUBSCRIBABLE
    assert MISSPELT["voucher.gift.balance_aded"] == "voucher.gift.balance_added"


def test_a_failure_is_logged_and_told_to_nobody() -> None:
    assert PUBLICATION_FAILED in LOGGED
    assert PUBLICATION_FAILED not in SUBSCRIBABLE
    assert "voucher.published" not in LOGGED  # it is told out of a publication
