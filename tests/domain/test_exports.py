from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from largesse.domain import exports
from largesse.domain.errors import InvalidExportFields
from largesse.domain.exports import (  # fmt: skip
    CUSTOMER,
    OBJECTS,
    PUBLICATION,
    TRANSACTION,
    VOUCHER,
    Export,
    check_fields,
    heading,
    scopes_of,
)


def export(object: str, fields: list[str], **changes: str) -> Export:
    return Export(
        id="exp_1",
        exported_object=object,
        status=changes.get("status", "SCHEDULED"),
        channel=exports.API,
        parameters={"fields": fields} | {name: value for name, value in changes.items() if name == "format"},
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


@pytest.mark.parametrize("name", list(OBJECTS))
def test_what_is_exported_unless_said_can_be_exported(name: str) -> None:
    exported = OBJECTS[name]
    assert check_fields(exported, list(exported.defaults)) == list(exported.defaults)
    assert exported.orders
    assert name not in exports.NOT_BUILT


@given(st.sampled_from(list(OBJECTS)), st.data())
def test_fields_come_once_each_in_the_order_sent(name: str, data: st.DataObject) -> None:
    exported = OBJECTS[name]
    sent = data.draw(st.lists(st.sampled_from(list(exported.fields))))
    checked = check_fields(exported, sent)
    assert sorted(checked) == sorted(set(sent))
    assert checked == sorted(checked, key=sent.index)


@pytest.mark.parametrize("name", list(OBJECTS))
def test_one_unknown_field_is_answered_with_all_that_there_are(name: str) -> None:
    exported = OBJECTS[name]
    with pytest.raises(InvalidExportFields) as raised:
        check_fields(exported, [*exported.defaults, "nope"])
    assert raised.value.details == f"Unsupported field used. Allowed fields: {', '.join(exported.fields)}"


@pytest.mark.parametrize(
    ("object", "fields", "scopes"),
    [
        (VOUCHER, ["code"], {"vouchers"}),
        (VOUCHER, ["code", "customer_id"], {"vouchers", "customers"}),
        (VOUCHER, ["customer_source_id"], {"vouchers", "customers"}),
        (CUSTOMER, ["name"], {"customers"}),
        (PUBLICATION, ["customer_id"], {"publications"}),
        (TRANSACTION, ["id"], {"vouchers"}),
    ],
)
def test_a_file_is_opened_by_the_scopes_of_what_is_in_it(object: str, fields: list[str], scopes: set[str]) -> None:
    assert scopes_of(export(object, fields)) == scopes


def test_every_object_has_scopes() -> None:
    assert all(scopes_of(export(name, [])) for name in OBJECTS)


@pytest.mark.parametrize(
    ("field", "shown"),
    [
        ("campaign_id", "Campaign ID"),
        ("id", "ID"),
        ("qr_code", "QR Code"),
        ("is_referral_code", "Is Referral Code"),
        ("customer_source_id", "Customer Source ID"),
        ("address_line_1", "Address Line 1"),
        ("paid", "Paid"),
    ],
)
def test_a_heading_is_the_field_in_words(field: str, shown: str) -> None:
    assert heading(field) == shown


@pytest.mark.parametrize("name", list(OBJECTS))
def test_no_two_fields_of_a_file_have_one_heading(name: str) -> None:
    fields = OBJECTS[name].fields
    assert len({heading(field) for field in fields}) == len(fields)


@pytest.mark.parametrize(("status", "finished"),
                         [("SCHEDULED", False), ("IN_PROGRESS", False), ("DONE", True), ("ERROR", True)])  # fmt: skip
def test_an_export_is_finished_when_it_is_done_or_failed(status: str, finished: bool) -> None:
    assert export(VOUCHER, [], status=status).finished is finished


def test_a_file_is_csv_unless_another_format_was_asked_for() -> None:
    assert export(VOUCHER, []).format == "CSV"
    assert export(VOUCHER, [], format="PARQUET").format == "PARQUET"
