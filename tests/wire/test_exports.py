from typing import Any

import pytest

from largesse.domain.errors import InvalidExportFields, InvalidPayload, NotBuilt
from largesse.domain.exports import CUSTOMER, NOT_BUILT, OBJECTS, TRANSACTION, VOUCHER, Export, Exported
from largesse.wire.exports import ExportParameters, check_built, filter_of, read_parameters, render_export
from largesse.wire.metadata import Metadata
from tests.domain.moments import NOON


def read(name: str, **sent: Any) -> dict[str, Any]:
    return read_parameters(OBJECTS[name], ExportParameters(**sent))


@pytest.mark.parametrize("name", list(OBJECTS))
def test_nothing_said_means_the_default_fields_newest_first(name: str) -> None:
    assert read(name) == {"order": "-created_at", "fields": list(OBJECTS[name].defaults), "filters": {}}


def test_what_has_no_creation_to_go_by_goes_by_its_first_order() -> None:
    exported = Exported(("id",), {"id": "text"}, ("id", "name"), {})
    assert read_parameters(exported, ExportParameters())["order"] == "-id"
    assert read_parameters(exported, ExportParameters(order="name"))["order"] == "name"


@pytest.mark.parametrize("name", list(OBJECTS))
def test_every_order_goes_both_ways(name: str) -> None:
    for order in OBJECTS[name].orders:
        assert read(name, order=order)["order"] == order
        assert read(name, order="-" + order)["order"] == "-" + order


@pytest.mark.parametrize("order", ["nope", "--created_at", "+created_at", "created_at ", "CODE"])
def test_another_order_is_answered_with_those_that_there_are(order: str) -> None:
    with pytest.raises(InvalidPayload, match=r"\.parameters\.order must be equal to one of .*created_at, -created_at"):
        read(VOUCHER, order=order)


def test_faults_of_order_and_filters_are_told_at_once() -> None:
    with pytest.raises(InvalidPayload) as raised:
        read(CUSTOMER, order="nope", filters=Metadata(nope={"conditions": {"$is": ["x"]}}))
    assert "parameters.order" in str(raised.value)
    assert "nope" in str(raised.value).partition("; ")[2]


def test_an_empty_list_of_fields_means_the_default_ones() -> None:
    assert read(VOUCHER, fields=[])["fields"] == list(OBJECTS[VOUCHER].defaults)
    with pytest.raises(InvalidExportFields):
        read(VOUCHER, fields=["nope"])


def test_a_format_is_kept_when_it_was_said() -> None:
    assert "format" not in read(VOUCHER)
    assert read(VOUCHER, format="JSONL")["format"] == "JSONL"


def test_filters_are_kept_as_they_were_sent_and_read_again() -> None:
    sent = Metadata(code={"conditions": {"$starts_with": ["A"]}})
    kept = read(VOUCHER, filters=sent)
    assert kept["filters"] == sent
    wanted = filter_of(OBJECTS[VOUCHER], kept)
    assert wanted is not None
    assert [(one.field, one.operator, one.values) for one in wanted.conditions] == [("code", "$starts_with", ("A",))]


@pytest.mark.parametrize("name", NOT_BUILT)
def test_what_is_not_built_is_said_as_such(name: str) -> None:
    with pytest.raises(NotBuilt, match=name):
        check_built(name)


@pytest.mark.parametrize("name", list(OBJECTS))
def test_what_is_built_may_be_exported(name: str) -> None:
    check_built(name)


def shown(narrowed: dict[str, str], parameters: dict[str, Any]) -> Any:
    export = Export(
        id="exp_1", exported_object=TRANSACTION, status="SCHEDULED", channel="API", narrowed=narrowed,
        parameters={"fields": ["id"], "filters": {}} | parameters, created_at=NOON,
    )  # fmt: skip
    return render_export(export, None, "https://x", 1)["parameters"]  # type: ignore[arg-type]


def test_the_one_card_of_an_export_of_transactions_stands_among_its_filters() -> None:
    before = {"created_at": {"conditions": {"$has_value": [""]}}}
    assert shown({"voucher_id": "v_1"}, {"filters": before})["filters"] == before | {
        "voucher_id": {"conditions": {"$in": ["v_1"]}}
    }
    assert shown({}, {"filters": before})["filters"] == before


def test_a_campaign_that_was_asked_for_by_name_is_not_repeated() -> None:
    assert shown({"campaign_id": "camp_1"}, {"campaign_id": "camp_1"})["filters"] == {}
