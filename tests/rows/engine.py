"""A client as the rows of the acceptance table write their checks: status, key, and the object answered."""

import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self

import httpx

DISCOUNT = {"type": "DISCOUNT_VOUCHER", "discount": {"type": "AMOUNT", "amount_off": 300, "effect": "APPLY_TO_ITEMS"}}
GIFT = {"type": "GIFT_VOUCHER", "gift": {"amount": 10000}}
LOYALTY = {"type": "LOYALTY_CARD", "loyalty_card": {"points": 50}}
P = "/v1/publications"


def fresh(word: str) -> str:
    """A name that nothing else on the server has."""
    return f"{word}-{secrets.token_hex(5)}"


class Engine:
    """`K` of the table: a server key against a running engine."""

    def __init__(self, port: int, pair: dict[str, str]) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.keys = {"X-App-Id": pair["id"], "X-App-Token": pair["token"]}
        self.http = httpx.Client(base_url=self.url, timeout=30)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def answer(self, method: str, path: str, body: Any = None, **options: Any) -> httpx.Response:
        content = {} if body is None else {"json": body}
        return self.http.request(
            method, path, headers={**self.keys, **options.pop("headers", {})}, **content, **options
        )

    def call(self, method: str, path: str, body: Any = None, status: int = 200, **options: Any) -> Any:
        """The JSON of an answer with this status."""
        answer = self.answer(method, path, body, **options)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    def get(self, path: str, **params: Any) -> Any:
        return self.call("GET", path, params=params)

    def post(self, path: str, body: Any = None, **params: Any) -> Any:
        return self.call("POST", path, body, params=params)

    def refused(self, status: int, key: str, method: str, path: str, body: Any = None, **params: Any) -> Any:
        """The error of a request that must be refused so."""
        error = self.call(method, path, body, status, params=params)
        assert (error["code"], error["key"]) == (status, key), error
        return error

    def publish(self, **body: Any) -> Any:
        return self.post(P, body)

    def publish_refused(self, key: str, /, *, status: int = 400, **body: Any) -> Any:
        return self.refused(status, key, "POST", P, body)

    def listed(self, **params: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get(P, **params)["publications"]
        return found

    def customer(self, **fields: Any) -> str:
        made: str = self.post("/v1/customers", {"source_id": fresh("customer"), **fields})["id"]
        return made

    def voucher(self, definition: dict[str, Any] | None = None) -> str:
        code = fresh("code")
        self.post(f"/v1/vouchers/{code}", definition or DISCOUNT)
        return code

    def campaign(self, count: int, **fields: Any) -> str:
        """The name of a campaign whose `count` codes are made."""
        name = fresh("campaign")
        self.post("/v1/campaigns", {"name": name, "vouchers_count": count, "voucher": DISCOUNT, **fields})
        self.until(lambda: self.get(f"/v1/campaigns/{name}")["vouchers_generation_status"] == "DONE")
        assert self.get(f"/v1/campaigns/{name}")["vouchers_count"] == count
        return name

    def of_each_type(self, customer: str) -> dict[str, Any]:
        """A publication of each voucher type: a discount and a gift card alone, a loyalty card from its campaign."""
        loyalty = self.campaign(1, campaign_type="LOYALTY_PROGRAM", voucher=LOYALTY)
        return {
            "DISCOUNT_VOUCHER": self.publish(voucher=self.voucher(), customer=customer),
            "GIFT_VOUCHER": self.publish(voucher=self.voucher(GIFT), customer=customer),
            "LOYALTY_CARD": self.publish(campaign=loyalty, customer=customer),
        }

    def auto_update(self, count: int = 1, **fields: Any) -> str:
        return self.campaign(count, type="AUTO_UPDATE", **fields)

    def codes(self, campaign: str) -> list[str]:
        """All codes of a campaign, in the order of their making."""
        codes: list[str] = []
        page = 1
        while found := self.get("/v1/vouchers", campaign=campaign, limit=100, page=page, order="created_at")[
            "vouchers"
        ]:
            codes += [voucher["code"] for voucher in found]
            page += 1
        return codes

    def at_once(self, count: int, body: dict[str, Any], **params: Any) -> list[httpx.Response]:
        """The answers to the same publication asked for many times in parallel."""
        with ThreadPoolExecutor(count) as threads:
            sent = [threads.submit(self.answer, "POST", P, body, params=params) for _ in range(count)]
            return [answer.result() for answer in sent]

    @staticmethod
    def until(condition: Any, timeout_s: float = 30) -> None:
        deadline = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < deadline, "it did not come to be"
            time.sleep(0.05)
