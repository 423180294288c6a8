"""A success of every operation that we call full, as its caller would come to it."""

import json
from collections.abc import Callable
from typing import Any

import httpx

from tests.acceptance.server import Server, run
from tests.rows.engine import DISCOUNT, GIFT, Engine, P, fresh

FILE = {"Content-Type": "multipart/form-data; boundary=b"}
MANAGEMENT = "/management/v1/projects"


class World:
    """A little of everything, made when a success asks for it."""

    def __init__(self, engine: Engine, server: Server) -> None:
        self.engine = engine
        self.answer = engine.answer
        self.server = server
        keys = json.loads((server.data / "credentials.json").read_text())
        self.integration_keys = {"X-App-Id": keys["integration"]["id"], "X-App-Token": keys["integration"]["token"]}
        made = json.loads(run("keys", "create", "--kind", "management", "--data", str(server.data), "--json").stdout)
        self.manager = {"X-Management-Id": made["id"], "X-Management-Token": made["token"]}

    def integration(self, path: str, params: dict[str, str]) -> httpx.Response:
        return self.engine.http.get(path, params=params, headers=self.integration_keys)

    def manage(self, method: str, path: str, body: Any = None) -> httpx.Response:
        content = {} if body is None else {"json": body}
        return self.engine.http.request(method, MANAGEMENT + path, headers=self.manager, **content)

    def project(self) -> str:
        """The id of a new project."""
        made: str = self.manage("POST", "", {"name": fresh("project")}).json()["id"]
        return made

    def schema(self) -> str:
        """The path of a metadata schema in a project of its own."""
        path = f"/{self.project()}/metadata-schemas"
        return f"{path}/{self.manage('POST', path, SCHEMA).json()['id']}"

    def webhook(self) -> str:
        """The path of a webhook in a project of its own."""
        path = f"/{self.project()}/webhooks"
        return f"{path}/{self.manage('POST', path, WEBHOOK).json()['id']}"

    def shown_schema(self) -> str:
        """The word of a metadata schema of the project that the server key is for."""
        project = json.loads((self.server.data / "credentials.json").read_text())["project"]
        self.manage("POST", f"/{project}/metadata-schemas", SCHEMA)  # a second time it is there already
        return str(SCHEMA["related_object"])

    def segment(self) -> str:
        body = {"name": fresh("segment"), "type": "static", "customers": [self.engine.customer()]}
        made: str = self.engine.post("/v1/segments", body)["id"]
        return made

    def member(self) -> str:
        """A customer in a segment."""
        customer = self.engine.customer()
        self.engine.post("/v1/segments", {"name": fresh("segment"), "type": "static", "customers": [customer]})
        return customer

    def referral(self) -> dict[str, Any]:
        """A code with a referrer and a referee."""
        # Without an amount of the reward: the Python client, which lists all campaigns, takes it for a text.
        program = {"conversion_event_type": "redemption", "referee_reward": {"type": "GIFT_VOUCHER"}}
        fields = {"campaign_type": "REFERRAL_PROGRAM", "referral_program": program}
        campaign = self.engine.campaign(1, **fields)
        code: dict[str, Any] = self.engine.publish(campaign=campaign, customer=self.engine.customer())["voucher"]
        sent = {"holders": [{"source_id": fresh("r")}]}
        holder = self.engine.post(f"/v1/referrals/members/{code['code']}/holders", sent)["holders"][0]["id"]
        return {**code, "holder": holder}

    def binned(self) -> str:
        """The id of an entry in the bin."""
        self.answer("DELETE", f"/v1/vouchers/{self.engine.voucher()}")
        entry: str = self.engine.get("/v1/trash-bin")["data"][0]["id"]
        return entry

    def export(self) -> dict[str, Any]:
        """One that is done."""
        made = self.engine.post("/v1/exports", {"exported_object": "customer", "parameters": {"fields": ["id"]}})
        path = f"/v1/exports/{made['id']}"
        self.engine.until(lambda: self.engine.get(path)["status"] == "DONE")
        done: dict[str, Any] = self.engine.get(path)
        return done

    def gift_campaign(self) -> str:
        """With a transaction."""
        campaign = self.engine.campaign(1, campaign_type="GIFT_VOUCHERS", voucher=GIFT)
        code = self.engine.codes(campaign)[0]
        self.engine.post(f"/v1/vouchers/{code}/balance", {"amount": -5})
        return campaign

    def file(self, path: str, text: str, part: str = "file") -> httpx.Response:
        content = f'--b\r\nContent-Disposition: form-data; name="{part}"; filename="f.csv"\r\n\r\n{text}\r\n--b--\r\n'
        return self.engine.http.post(path, content=content, headers={**self.engine.keys, **FILE})

    def category(self) -> str:
        made: str = self.engine.post("/v1/categories", {"name": fresh("category"), "hierarchy": 1})["id"]
        return made

    def rule(self) -> str:
        made: str = self.engine.post("/v1/validation-rules", RULE)["id"]
        return made

    def assignment(self) -> dict[str, Any]:
        body = {"related_object_id": self.engine.voucher()}
        made: dict[str, Any] = self.engine.post(f"/v1/validation-rules/{self.rule()}/assignments", body)
        return made

    def action(self) -> str:
        body = {"codes": [self.engine.voucher()], "metadata": {"a": 1}}
        started: str = self.engine.call("POST", "/v1/vouchers/metadata/async", body, 202)["async_action_id"]
        self.engine.until(lambda: self.engine.get(f"/v1/async-actions/{started}")["status"] == "DONE")
        return started

    def published(self) -> dict[str, Any]:
        customer = {"source_id": fresh("c"), "name": "N", "metadata": {"a": 1}}
        campaign = self.engine.campaign(1, category_id=self.category(), metadata={"a": 1})
        made: dict[str, Any] = self.engine.publish(campaign=campaign, customer=customer, metadata={"a": 1})
        return made


RULE = {
    "name": "Large orders",
    "rules": {"1": {"name": "order.amount", "conditions": {"$more_than": [1000]}}, "logic": "1"},
    "error": {"message": "Too small"},
    "applicable_to": {"included": [{"object": "product", "id": "prod_1", "effect": "APPLY_TO_EVERY"}]},
}
WEBHOOK = {"target_url": "https://example.com/hook", "events": ["voucher.published", "campaign.vouchers.aded"]}
SCHEMA = {
    "related_object": "product",
    "allow_defined_only": False,
    "properties": {
        "colour": {"type": "string", "optional": True, "eq": ["red", "blue"], "max_length": 10},
        "size": {"type": "number", "optional": True, "lt": 100},
        "tags": {"type": "string", "array": True, "optional": True},
        "origin": {"type": "geopoint", "optional": True},
    },
}
Success = Callable[[World], httpx.Response]
HOLDERS = "/v1/referrals/members/{code}/holders"
OF_CAMPAIGN = "/v1/referrals/{campaign_id}/members/{code}/holders"
CSV_VOUCHERS = "Code,Voucher Type,Value,Discount Type\r\n{},DISCOUNT_VOUCHER,5,PERCENT"
SUCCESSES: dict[str, Success] = {
    "GET /v1/async-actions": lambda w: (w.action(), w.answer("GET", "/v1/async-actions"))[1],
    "GET /v1/async-actions/{asyncActionId}": lambda w: w.answer("GET", f"/v1/async-actions/{w.action()}"),
    "DELETE /v1/campaigns/{campaignId}": lambda w: w.answer("DELETE", f"/v1/campaigns/{w.engine.campaign(1)}"),
    "GET /v1/campaigns/{campaignId}": lambda w: w.answer(
        "GET", f"/v1/campaigns/{w.engine.campaign(1, category_id=w.category(), metadata={'a': 1})}"
    ),
    "PUT /v1/campaigns/{campaignId}": lambda w: w.answer(
        "PUT", f"/v1/campaigns/{w.engine.campaign(1)}", {"description": "d"}
    ),
    "POST /v1/campaigns/{campaignId}/disable": lambda w: w.answer(
        "POST", f"/v1/campaigns/{w.engine.campaign(1)}/disable"
    ),
    "POST /v1/campaigns/{campaignId}/enable": lambda w: w.answer(
        "POST", f"/v1/campaigns/{w.engine.campaign(1)}/enable"
    ),
    "POST /v1/campaigns/{campaignId}/import": lambda w: w.answer(
        "POST", f"/v1/campaigns/{w.engine.campaign(0)}/import", [{"code": fresh("i")}]
    ),
    "POST /v1/campaigns/{campaignId}/importCSV": lambda w: w.file(
        f"/v1/campaigns/{w.engine.campaign(0)}/importCSV", f"Code\r\n{fresh('i')}"
    ),
    "POST /v1/campaigns/{campaignId}/vouchers": lambda w: w.answer(
        "POST", f"/v1/campaigns/{w.engine.campaign(0)}/vouchers"
    ),
    "POST /v1/campaigns/{campaignId}/vouchers/{code}": lambda w: w.answer(
        "POST", f"/v1/campaigns/{w.engine.campaign(0)}/vouchers/{fresh('c')}"
    ),
    "GET /v1/categories": lambda w: (w.category(), w.answer("GET", "/v1/categories"))[1],
    "POST /v1/categories": lambda w: w.answer("POST", "/v1/categories", {"name": fresh("c"), "hierarchy": 1}),
    "DELETE /v1/categories/{categoryId}": lambda w: w.answer("DELETE", f"/v1/categories/{w.category()}"),
    "GET /v1/categories/{categoryId}": lambda w: w.answer("GET", f"/v1/categories/{w.category()}"),
    "PUT /v1/categories/{categoryId}": lambda w: w.answer(
        "PUT", f"/v1/categories/{w.category()}", {"name": fresh("c"), "hierarchy": 1}
    ),
    "GET /v1/customers": lambda w: (w.published(), w.answer("GET", "/v1/customers"))[1],
    "POST /v1/customers": lambda w: w.answer("POST", "/v1/customers", {"source_id": fresh("c"), "name": "N"}),
    "POST /v1/customers/bulk/async": lambda w: w.answer(
        "POST", "/v1/customers/bulk/async", [{"source_id": fresh("c")}]
    ),
    "POST /v1/customers/importCSV": lambda w: w.file("/v1/customers/importCSV", f"Name,Source_id\r\nN,{fresh('c')}"),
    "POST /v1/customers/metadata/async": lambda w: w.answer(
        "POST", "/v1/customers/metadata/async", {"source_ids": [fresh("c")], "metadata": {"a": 1}}
    ),
    "DELETE /v1/customers/{customerId}": lambda w: w.answer("DELETE", f"/v1/customers/{w.engine.customer()}"),
    "GET /v1/customers/{customerId}": lambda w: w.answer("GET", f"/v1/customers/{w.published()['customer_id']}"),
    "PUT /v1/customers/{customerId}": lambda w: w.answer("PUT", f"/v1/customers/{w.engine.customer()}", {"name": "M"}),
    "GET /v1/customers/{customerId}/redeemables": lambda w: w.answer(
        "GET", f"/v1/customers/{w.published()['customer_id']}/redeemables"
    ),
    "POST /v1/customers/{customerId}/permanent-deletion": lambda w: w.answer(
        "POST", f"/v1/customers/{w.engine.customer()}/permanent-deletion"
    ),
    "GET /v1/publications": lambda w: (w.published(), w.answer("GET", P))[1],
    "POST /v1/publications": lambda w: w.answer(
        "POST", P, {"campaign": w.engine.campaign(1), "customer": {"source_id": fresh("c")}, "metadata": {"a": 1}}
    ),
    "GET /v1/publications/create": lambda w: w.integration(
        P + "/create", {"voucher": w.engine.voucher(), "customer[source_id]": fresh("c"), "metadata[a]": "b"}
    ),
    "GET /v1/validation-rules": lambda w: (w.rule(), w.answer("GET", "/v1/validation-rules"))[1],
    "POST /v1/validation-rules": lambda w: w.answer("POST", "/v1/validation-rules", RULE),
    "GET /v1/validation-rules/{validationRuleId}": lambda w: w.answer("GET", f"/v1/validation-rules/{w.rule()}"),
    "PUT /v1/validation-rules/{validationRuleId}": lambda w: w.answer(
        "PUT", f"/v1/validation-rules/{w.rule()}", {"name": "new"}
    ),
    "DELETE /v1/validation-rules/{validationRuleId}": lambda w: w.answer("DELETE", f"/v1/validation-rules/{w.rule()}"),
    "GET /v1/validation-rules/{validationRuleId}/assignments": lambda w: w.answer(
        "GET", f"/v1/validation-rules/{w.assignment()['rule_id']}/assignments"
    ),
    "DELETE /v1/validation-rules/{validationRuleId}/assignments/{assignmentId}": lambda w: w.answer(
        "DELETE", "/v1/validation-rules/{rule_id}/assignments/{id}".format(**w.assignment())
    ),
    "GET /v1/validation-rules-assignments": lambda w: (
        w.assignment(),
        w.answer("GET", "/v1/validation-rules-assignments"),
    )[1],
    "POST /v1/vouchers/bulk/async": lambda w: w.answer(
        "POST", "/v1/vouchers/bulk/async", [{"code": w.engine.voucher(), "metadata": {"a": 1}}]
    ),
    "POST /v1/vouchers/import": lambda w: w.answer("POST", "/v1/vouchers/import", [{"code": fresh("i"), **DISCOUNT}]),
    "POST /v1/vouchers/importCSV": lambda w: w.file("/v1/vouchers/importCSV", CSV_VOUCHERS.format(fresh("i"))),
    "POST /v1/vouchers/metadata/async": lambda w: w.answer(
        "POST", "/v1/vouchers/metadata/async", {"codes": [w.engine.voucher()], "metadata": {"a": 1}}
    ),
    "GET /v1/vouchers": lambda w: (w.published(), w.answer("GET", "/v1/vouchers"))[1],
    "POST /v1/vouchers": lambda w: w.answer("POST", "/v1/vouchers", DISCOUNT),
    "POST /v1/vouchers/{code}": lambda w: w.answer("POST", f"/v1/vouchers/{fresh('c')}", DISCOUNT),
    "DELETE /v1/vouchers/{code}": lambda w: w.answer("DELETE", f"/v1/vouchers/{w.engine.voucher()}"),
    "GET /v1/vouchers/{code}": lambda w: w.answer("GET", f"/v1/vouchers/{w.published()['voucher']['code']}"),
    "PUT /v1/vouchers/{code}": lambda w: w.answer(
        "PUT", f"/v1/vouchers/{w.engine.voucher()}", {"additional_info": "x"}
    ),
    "POST /v1/vouchers/{code}/balance": lambda w: w.answer(
        "POST", f"/v1/vouchers/{w.engine.voucher(GIFT)}/balance", {"amount": -5}
    ),
    "POST /v1/vouchers/{code}/disable": lambda w: w.answer("POST", f"/v1/vouchers/{w.engine.voucher()}/disable"),
    "POST /v1/vouchers/{code}/enable": lambda w: w.answer("POST", f"/v1/vouchers/{w.engine.voucher()}/enable"),
    "GET /v1/vouchers/{code}/transactions": lambda w: w.answer("GET", transactions(w)),
    "GET /v1/exports": lambda w: (w.export(), w.answer("GET", "/v1/exports"))[1],
    "POST /v1/exports": lambda w: w.answer("POST", "/v1/exports", {"exported_object": "publication"}),
    "GET /v1/exports/{exportId}": lambda w: w.answer("GET", f"/v1/exports/{w.export()['id']}"),
    "GET /v1/exports/{export_Id}": lambda w: w.engine.http.get(w.export()["result"]["url"]),
    "DELETE /v1/exports/{exportId}": lambda w: w.answer("DELETE", f"/v1/exports/{w.export()['id']}"),
    "POST /v1/vouchers/{code}/transactions/export": lambda w: w.answer(
        "POST", f"{transactions(w)}/export", {"parameters": {"fields": ["id", "amount"]}}
    ),
    "GET /v1/campaigns/{campaignId}/transactions": lambda w: w.answer(
        "GET", f"/v1/campaigns/{w.gift_campaign()}/transactions"
    ),
    "POST /v1/campaigns/{campaignId}/transactions/export": lambda w: w.answer(
        "POST", f"/v1/campaigns/{w.gift_campaign()}/transactions/export", {}
    ),
    "POST /v1/segments": lambda w: w.answer(
        "POST", "/v1/segments", {"name": fresh("s"), "type": "static", "customers": [w.engine.customer()]}
    ),
    "GET /v1/segments/{segmentId}": lambda w: w.answer("GET", f"/v1/segments/{w.segment()}"),
    "DELETE /v1/segments/{segmentId}": lambda w: w.answer("DELETE", f"/v1/segments/{w.segment()}"),
    "GET /v1/customers/{customerId}/segments": lambda w: w.answer("GET", f"/v1/customers/{w.member()}/segments"),
    "GET /v1/referrals/members/{memberId}/holders": lambda w: w.answer("GET", HOLDERS.format(**w.referral())),
    "POST /v1/referrals/members/{memberId}/holders": lambda w: w.answer(
        "POST", HOLDERS.format(**w.referral()), {"holders": [{"source_id": fresh("r")}], "metadata": {"a": 1}}
    ),
    "DELETE /v1/referrals/members/{memberId}/holders/{holderId}": lambda w: w.answer(
        "DELETE", (HOLDERS + "/{holder}").format(**w.referral())
    ),
    "GET /v1/referrals/{campaignId}/members/{memberId}/holders": lambda w: w.answer(
        "GET", OF_CAMPAIGN.format(**w.referral())
    ),
    "POST /v1/referrals/{campaignId}/members/{memberId}/holders": lambda w: w.answer(
        "POST", OF_CAMPAIGN.format(**w.referral()), {"holders": [{"source_id": fresh("r")}]}
    ),
    "DELETE /v1/referrals/{campaignId}/members/{memberId}/holders/{holderId}": lambda w: w.answer(
        "DELETE", (OF_CAMPAIGN + "/{holder}").format(**w.referral())
    ),
    "GET /v1/trash-bin": lambda w: (w.binned(), w.answer("GET", "/v1/trash-bin"))[1],
    "DELETE /v1/trash-bin/{binEntryId}": lambda w: w.answer("DELETE", f"/v1/trash-bin/{w.binned()}"),
    "GET /v1/metadata-schemas": lambda w: (w.shown_schema(), w.answer("GET", "/v1/metadata-schemas"))[1],
    "GET /v1/metadata-schemas/{resource}": lambda w: w.answer("GET", f"/v1/metadata-schemas/{w.shown_schema()}"),
    "GET /management/v1/projects": lambda w: w.manage("GET", ""),
    "GET /management/v1/projects/{projectId}": lambda w: w.manage("GET", f"/{w.project()}"),
    "DELETE /management/v1/projects/{projectId}": lambda w: w.manage("DELETE", f"/{w.project()}"),
    "GET /management/v1/projects/{projectId}/metadata-schemas": lambda w: w.manage(
        "GET", w.schema().rpartition("/")[0]
    ),
    "POST /management/v1/projects/{projectId}/metadata-schemas": lambda w: w.manage(
        "POST", f"/{w.project()}/metadata-schemas", SCHEMA
    ),
    "GET /management/v1/projects/{projectId}/metadata-schemas/{metadataSchemaId}": lambda w: w.manage(
        "GET", w.schema()
    ),
    "PUT /management/v1/projects/{projectId}/metadata-schemas/{metadataSchemaId}": lambda w: w.manage(
        "PUT", w.schema(), {"properties": {"size": {"type": "number", "optional": True}}}
    ),
    "GET /management/v1/projects/{projectId}/webhooks": lambda w: w.manage("GET", w.webhook().rpartition("/")[0]),
    "POST /management/v1/projects/{projectId}/webhooks": lambda w: w.manage(
        "POST", f"/{w.project()}/webhooks", WEBHOOK
    ),
    "GET /management/v1/projects/{projectId}/webhooks/{webhookId}": lambda w: w.manage("GET", w.webhook()),
    "PUT /management/v1/projects/{projectId}/webhooks/{webhookId}": lambda w: w.manage(
        "PUT", w.webhook(), {"active": False}
    ),
    "DELETE /management/v1/projects/{projectId}/webhooks/{webhookId}": lambda w: w.manage("DELETE", w.webhook()),
    "DELETE /management/v1/projects/{projectId}/metadata-schemas/{metadataSchemaId}": lambda w: w.manage(
        "DELETE", w.schema()
    ),
}


def transactions(w: World) -> str:
    code = w.engine.voucher(GIFT)
    w.engine.post(f"/v1/vouchers/{code}/balance", {"amount": -5})
    return f"/v1/vouchers/{code}/transactions"
