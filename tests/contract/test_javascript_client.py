"""The official JavaScript client, unmodified, against a real server; skipped where Node isn't installed."""

import json
import secrets
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.server import Server, run

SDK = "@voucherify/sdk@2.9.0"
INSTALL_TIMEOUT_S = 120
DISCOUNT = {"type": "DISCOUNT_VOUCHER", "discount": {"type": "PERCENT", "percent_off": 10}}

pytestmark = [pytest.mark.row("A196"), pytest.mark.timeout(INSTALL_TIMEOUT_S + 60)]


class RefusedByServer(Exception):
    """What the client threw."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error)
        self.code, self.key, self.details = error.get("code"), error.get("key"), error.get("details")


class JavaScript:
    """A running Node with a client in it: `client("vouchers.get", code)`."""

    def __init__(self, folder: Path, server: Server, key: dict[str, str], side: str = "server") -> None:
        program = str(Path(__file__).with_name("client.mjs"))
        url = f"http://127.0.0.1:{server.port}"
        self._process = subprocess.Popen(
            ["node", program, str(folder), url, key["id"], key["token"], side],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def __call__(self, method: str, *arguments: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"path": method.split("."), "arguments": arguments}) + "\n")
        self._process.stdin.flush()
        outcome = json.loads(self._process.stdout.readline())
        if "error" in outcome:
            raise RefusedByServer(outcome["error"])
        return outcome["value"]

    def close(self) -> None:
        self._process.communicate(timeout=10)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the client is installed."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("Node isn't installed")
    folder = tmp_path_factory.mktemp("javascript")
    command = ["npm", "install", "--no-save", "--no-package-lock", "--no-audit", "--no-fund", SDK]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=INSTALL_TIMEOUT_S, check=False)
    if done.returncode:
        pytest.skip(f"npm can't install the client: {done.stderr.strip().splitlines()[-1:]}")
    return folder


@pytest.fixture(scope="module")
def client(folder: Path, server: Server, keys: dict[str, str]) -> Iterator[JavaScript]:
    client = JavaScript(folder, server, keys)
    yield client
    client.close()


def unique(word: str) -> str:
    return f"{word}-{secrets.token_hex(5)}"


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def action_done(client: JavaScript, started: dict[str, Any]) -> dict[str, Any]:
    """The async action of an answer, when it has ended."""
    until(lambda: client("asyncActions.get", started["async_action_id"])["status"] == "DONE")
    action: dict[str, Any] = client("asyncActions.get", started["async_action_id"])
    assert action["operation_status"] == "SUCCESS"
    return action


def make_campaign(client: JavaScript, count: int, **fields: Any) -> dict[str, Any]:
    name = unique("campaign")
    client("campaigns.create", {"name": name, "vouchers_count": count, "voucher": DISCOUNT, **fields})
    until(lambda: client("campaigns.get", name)["vouchers_generation_status"] == "DONE")
    campaign: dict[str, Any] = client("campaigns.get", name)
    return campaign


def publish(client: JavaScript, **body: Any) -> Any:
    return client("distributions.publications.create", {"customer": {"source_id": unique("customer")}, **body})


class TestPublications:
    def test_one_and_several_of_a_campaign(self, client):
        campaign = make_campaign(client, 5)
        one = publish(client, campaign=campaign["name"], channel="newsletter", metadata={"test": True})
        assert (one["result"], one["channel"], one["metadata"]) == ("SUCCESS", "newsletter", {"test": True})
        several = publish(client, campaign={"name": campaign["name"], "count": 3})
        assert len({one["voucher"]["code"], *several["vouchers"]}) == 4

    def test_join_once_and_a_source_id_repeat_the_answer(self, client):
        campaign = make_campaign(client, 3)
        joined = {"campaign": campaign["name"], "customer": {"source_id": unique("c")}, "join_once": True}
        assert publish(client, **joined)["id"] == publish(client, **joined)["id"]
        body = {"campaign": campaign["name"], "customer": {"source_id": unique("c")}, "source_id": unique("s")}
        assert publish(client, **body)["id"] == publish(client, **body)["id"]

    def test_filters_and_orders_of_the_list(self, client):
        campaign = make_campaign(client, 3)
        made = [publish(client, campaign=campaign["name"]) for _ in range(3)]
        customers = [publication["customer_id"] for publication in made[:2]]
        filters = {"junction": "OR", "customer_id": {"conditions": {"$in": customers}}}
        found = client("distributions.publications.list", {"filters": filters, "order": "created_at"})
        assert [entry["id"] for entry in found["publications"]] == [publication["id"] for publication in made[:2]]
        assert found["total"] == 2
        assert client("distributions.publications.list", {"campaign": campaign["name"], "limit": 1})["total"] == 3

    def test_refusals_keep_their_key(self, client):
        code = unique("code")
        client("vouchers.create", {"code": code, **DISCOUNT})
        publish(client, voucher=code)
        with pytest.raises(RefusedByServer) as refused:
            publish(client, voucher=code)
        assert (refused.value.code, refused.value.key) == (400, "voucher_already_published")
        with pytest.raises(RefusedByServer) as refused:
            publish(client, campaign=unique("nowhere"))
        assert (refused.value.code, refused.value.key) == (404, "not_found")


class TestVouchers:
    def test_create_read_change_switch_and_delete(self, client):
        code = "a/b ü%" + unique("code")
        client("vouchers.create", {"code": code, **DISCOUNT})
        assert client("vouchers.get", code)["discount"]["percent_off"] == 10
        assert client("vouchers.update", {"code": code, "additional_info": "x"})["additional_info"] == "x"
        assert client("vouchers.disable", code)["active"] is False
        assert client("vouchers.enable", code)["active"] is True
        client("vouchers.delete", code, {"force": True})
        with pytest.raises(RefusedByServer):
            client("vouchers.get", code)

    def test_create_without_a_code(self, client):
        made = client("vouchers.create", DISCOUNT)
        assert client("vouchers.get", made["code"])["id"] == made["id"]

    def test_filters_of_the_list(self, client):
        code = unique("code")
        client("vouchers.create", {"code": code, **DISCOUNT})
        filters = {
            "junction": "OR",
            "campaign_ids": {"conditions": {"$in": ["does-not-exist"]}},
            "code": {"conditions": {"$is": code}},
        }
        assert [found["code"] for found in client("vouchers.list", {"filters": filters})["vouchers"]] == [code]

    def test_a_balance_and_its_transactions(self, client):
        code = unique("gift")
        client("vouchers.create", {"code": code, "type": "GIFT_VOUCHER", "gift": {"amount": 1000}})
        assert client("vouchers.balance.create", code, {"amount": -300})["balance"] == 700
        (transaction,) = client("vouchers.listTransactions", code)["data"]
        assert transaction["type"] == "CREDITS_REMOVAL"

    def test_many_at_once(self, client, tmp_path):
        codes = [unique("bulk") for _ in range(3)]
        imported = action_done(client, client("vouchers.import", [{"code": code, **DISCOUNT} for code in codes]))
        assert imported["result"]["done_count"] == 3
        action_done(client, client("vouchers.bulkUpdateMetadata", {"codes": codes, "metadata": {"a": 1}}))
        action_done(client, client("vouchers.bulkUpdate", [{"code": codes[0], "metadata": {"b": 2}}]))
        assert client("vouchers.get", codes[0])["metadata"] == {"a": 1, "b": 2}
        file = tmp_path / "vouchers.csv"
        file.write_text(f"Code,Voucher Type,Value,Discount Type\n{unique('csv')},DISCOUNT_VOUCHER,5,PERCENT\n")
        assert action_done(client, client("vouchers.importCSV", str(file)))["result"]["done_count"] == 1


class TestCampaigns:
    def test_change_switch_add_and_delete(self, client):
        campaign = make_campaign(client, 1)
        name = campaign["name"]
        assert client("campaigns.update", name, {"description": "new"})["description"] == "new"
        assert client("campaigns.addVoucher", name)["campaign"] == name
        assert client("campaigns.addVoucher", name, 1)["campaign"] == name
        assert client("campaigns.addCertainVoucher", name, unique("certain"))["campaign_id"] == campaign["id"]
        rows = [{"code": unique("imported"), **DISCOUNT}]
        assert action_done(client, client("campaigns.importVouchers", name, rows))["result"]["done_count"] == 1
        client("campaigns.disable", campaign["id"])
        assert client("campaigns.get", name)["active"] is False
        client("campaigns.enable", campaign["id"])
        assert name in [listed["name"] for listed in client("campaigns.list", {"limit": 100})["campaigns"]]
        client("campaigns.delete", name, {"force": True})
        with pytest.raises(RefusedByServer):
            client("campaigns.get", name)

    def test_a_file_of_codes(self, client, tmp_path):
        campaign = make_campaign(client, 0)
        file = tmp_path / "codes.csv"
        file.write_text(f"Code\n{unique('file')}\n{unique('file')}\n")
        started = client("campaigns.importVouchersCSV", campaign["id"], str(file))
        assert action_done(client, started)["result"]["done_count"] == 2

    def test_categories(self, client):
        category = client("categories.create", {"name": unique("category"), "hierarchy": 1})
        changed = client("categories.update", category["id"], {"name": category["name"], "hierarchy": 2})
        assert changed["hierarchy"] == client("categories.get", category["id"])["hierarchy"] == 2
        assert category["id"] in [listed["id"] for listed in client("categories.list")["data"]]
        client("categories.delete", category["id"])


class TestOlderOperations:
    @pytest.mark.parametrize(
        ("method", "arguments"),
        [
            ("validations.validateVoucher", ["x"]),
            ("validations.validate", [{"customer": {"id": "x"}}]),
            ("redemptions.redeem", ["x"]),
            ("vouchers.qualifications.examine", [{}]),
            ("campaigns.qualifications.examine", [{}]),
            ("consents.list", []),
        ],
    )
    def test_they_say_that_they_are_not_built(self, client, method, arguments):
        with pytest.raises(RefusedByServer) as refused:
            client(method, *arguments)
        assert (refused.value.code, refused.value.key) == (501, "not_implemented")
        assert "built" in (refused.value.details or "")


class TestValidationRules:
    def test_create_assign_and_delete(self, client):
        conditions = {"1": {"name": "order.amount", "conditions": {"$more_than": [1000]}}, "logic": "1"}
        rule = client("validationRules.create", {"name": "Large orders", "rules": conditions})
        assert client("validationRules.get", rule["id"])["rules"] == conditions
        assert client("validationRules.update", {"id": rule["id"], "name": "Larger"})["name"] == "Larger"
        code = unique("ruled")
        client("vouchers.create", {"code": code, **DISCOUNT})
        related = {"voucher": code, "related_object_type": "voucher", "related_object_id": code}
        assigned = client("validationRules.createAssignment", rule["id"], related)
        assert client("validationRules.listAssignments", rule["id"])["total"] == 1
        assert client("vouchers.get", code)["validation_rules_assignments"]["data"][0]["id"] == assigned["id"]
        client("validationRules.deleteAssignment", rule["id"], assigned["id"])
        client("validationRules.delete", rule["id"])
        assert rule["id"] not in [listed["id"] for listed in client("validationRules.list", {"limit": 100})["data"]]


class TestAround:
    @pytest.mark.parametrize("exported_object", ["publication", "voucher", "customer"])
    def test_an_export_is_made_listed_and_deleted(self, client, exported_object):
        publish(client, campaign=make_campaign(client, 1)["name"])
        export = client("distributions.exports.create", {"exported_object": exported_object})
        assert export["status"] == "SCHEDULED"
        until(lambda: client("distributions.exports.get", export["id"])["status"] == "DONE")
        assert "token=" in client("distributions.exports.get", export["id"])["result"]["url"]
        assert export["id"] in [
            listed["id"] for listed in client("distributions.exports.list", {"limit": 100})["exports"]
        ]
        client("distributions.exports.delete", export["id"])
        with pytest.raises(RefusedByServer):
            client("distributions.exports.get", export["id"])

    def test_transactions_of_a_card_as_a_file(self, client):
        code = unique("gift")
        client("vouchers.create", {"code": code, "type": "GIFT_VOUCHER", "gift": {"amount": 1000}})
        export = client("vouchers.exportTransactions", code, {"parameters": {"fields": ["id", "amount"]}})
        assert export["exported_object"] == "voucher_transactions"

    def test_segments_and_activity(self, client):
        customer = publish(client, campaign=make_campaign(client, 1)["name"])["customer_id"]
        made = client("segments.create", {"name": unique("segment"), "type": "static", "customers": [customer]})
        assert client("segments.get", made["id"])["name"] == made["name"]
        assert [segment["id"] for segment in client("segments.list", customer)["data"]] == [made["id"]]
        listed = client("customers.list", {"segment_id": made["id"]})["customers"]
        assert [found["id"] for found in listed] == [customer]
        types = [entry["type"] for entry in client("customers.listActivity", customer)["data"]]
        assert "customer.publication.succeeded" in types
        client("segments.delete", made["id"])

    def test_metadata_schemas_are_read(self, client):
        assert client("metadataSchemas.list")["data_ref"] == "schemas"
        with pytest.raises(RefusedByServer) as refused:
            client("metadataSchemas.get", "nothing")
        assert (refused.value.code, refused.value.key) == (404, "not_found")


class TestCustomers:
    def test_create_read_change_and_delete(self, client):
        made = client("customers.create", {"source_id": unique("crm"), "name": "Ada"})
        assert client("customers.update", {"id": made["id"], "email": "a@example.com"})["email"] == "a@example.com"
        assert client("customers.get", made["source_id"])["name"] == "Ada"
        listed = client("customers.list", {"email": "a@example.com", "limit": 100})["customers"]
        assert made["id"] in [customer["id"] for customer in listed]
        client("customers.delete", made["id"])
        with pytest.raises(RefusedByServer):
            client("customers.get", made["id"])

    def test_many_at_once_the_wallet_and_permanent_deletion(self, client, tmp_path):
        source_ids = [unique("bulk") for _ in range(3)]
        rows = [{"source_id": source_id, "name": "B"} for source_id in source_ids]
        action_done(client, client("customers.updateInBulk", rows))
        action_done(client, client("customers.updateMetadataInBulk", {"source_ids": source_ids, "metadata": {"a": 1}}))
        assert client("customers.get", source_ids[0])["metadata"] == {"a": 1}
        file = tmp_path / "customers.csv"
        file.write_text(f"Name,Source_id\nCarol,{unique('csv')}\n")
        action_done(client, client("customers.importCSV", str(file)))
        publish(client, campaign=make_campaign(client, 1)["name"], customer={"source_id": source_ids[1]})
        assert len(client("customers.listRedeemables", source_ids[1])["data"]) == 1
        assert client("customers.deletePermanently", source_ids[1])["status"] == "DONE"


def test_a_page_publishes_once_its_site_is_let_in(folder: Path, server: Server, client: JavaScript):
    credentials = json.loads((server.data / "credentials.json").read_text())
    campaign = make_campaign(client, 2, join_once=True)["name"]
    page = JavaScript(folder, server, credentials["client"], "client")
    payload = {"customer": {"source_id": unique("visitor")}, "channel": "page"}
    try:
        with pytest.raises(RefusedByServer) as refused:
            page("publish", campaign, payload)
        assert refused.value.code == 403
        switches = ("--client-publish", "--client-origin", "https://shop.example")
        done = run("projects", "update", credentials["project"], *switches, "--data", str(server.data))
        assert done.returncode == 0, done.stderr
        until(lambda: page("publish", campaign, payload, {"join_once": True})["channel"] == "page")
    finally:
        page.close()
