"""No body makes a real route fail: bodies that are nearly right, to every route that takes one, on a real database."""

import json
import random
import re
from typing import Any

import httpx
import pytest
from msgspec import inspect

from largesse.http.routes import all_routes
from largesse.http.routing import Route
from largesse.wire.shapes import json_type

ROUTES = [route for route in all_routes() if isinstance(route, Route) and route.body is not None]
BODIES = 300
NOISE = 0.03  # how often a value has nothing to do with its type
TEXTS = [
    "x", "", "ü😀", "%", "a/b", "x" * 300, "#", "####", "123", "P1D", "PT1H", "P99999999Y", "API", "cust_x",
    "Europe/Berlin", "DISCOUNT_VOUCHER", "GIFT_VOUCHER", "LOYALTY_CARD", "DISCOUNT_COUPONS", "GIFT_VOUCHERS", "STATIC",
    "AUTO_UPDATE", "STANDALONE", "PERCENT", "AMOUNT",
]  # fmt: skip
DATES = ["2024-01-01", "2024-02-30", "0001-01-01", "0001-01-02", "9999-12-31", "9999-12-31T23:59:59.999Z"]
OBJECTS: list[dict[str, Any]] = [{}, {"a": 1e300}, {"": [None, {"b": -0.0}]}]
INTEGERS = [0, 1, 2, 10, 50, -1, 100_000, 2**31 - 1, 2**31, 2**63 - 1, -(2**63)]
SEGMENTS = ["x", "x", "y%2Fz", "%F0%9F%98%80", "n" * 300]


class Maker:
    """Makes values of a type, now and then wrong ones; the same ones in every run."""

    def __init__(self, seed: str) -> None:
        self.random = random.Random(seed)

    def value(self, shape: inspect.Type) -> Any:
        if self.random.random() < NOISE:
            return self.random.choice([None, True, [], {}, 1.5, 1e300, *INTEGERS, *TEXTS])
        match shape:
            case inspect.Metadata():
                made = self.value(shape.type)
            case inspect.UnionType():
                made = self.value(self.random.choice(shape.types))
            case inspect.StructType():
                made = self._object(shape)
            case inspect.ListType():
                made = [self.value(shape.item_type) for _ in range(self.random.randint(0, 3))]
            case inspect.DictType():
                made = {self.random.choice(TEXTS): self.value(shape.value_type)}
            case _:
                made = self.random.choice(_scalars(shape))
        return made

    def _object(self, shape: inspect.StructType) -> dict[str, Any]:
        wanted = [field for field in shape.fields if field.required or self.random.random() < 0.3]
        made = {field.encode_name: self.value(field.type) for field in wanted}
        return made | ({shape.tag_field: shape.tag} if shape.tag_field else {})


def _scalars(shape: inspect.Type) -> list[Any]:
    match shape:
        case inspect.LiteralType():
            return list(shape.values)
        case inspect.CustomType():
            return DATES if json_type(shape) == "string" else OBJECTS
    values: dict[type[inspect.Type], list[Any]] = {
        inspect.NoneType: [None],
        inspect.BoolType: [True, False],
        inspect.IntType: INTEGERS,
        inspect.FloatType: [0, 1, 99.99, 1e300, -1],
    }
    return values.get(type(shape), TEXTS)


DISCOUNT = {"type": "DISCOUNT_VOUCHER", "discount": {"type": "PERCENT", "percent_off": 10}}


@pytest.fixture
async def furnished(api: httpx.AsyncClient) -> httpx.AsyncClient:
    """A customer, a voucher and a campaign called x, so that bodies reach further than 404."""
    await api.post("/v1/customers", json={"source_id": "x"})
    await api.post("/v1/vouchers/x", json=DISCOUNT)
    campaign = {"name": "x", "campaign_type": "DISCOUNT_COUPONS", "type": "AUTO_UPDATE", "voucher": DISCOUNT}
    await api.post("/v1/campaigns", json={**campaign, "vouchers_count": 1})
    return api


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{min(route.methods)} {route.path}")
async def test_no_body_makes_a_route_fail(furnished: httpx.AsyncClient, route: Route) -> None:
    [method] = route.methods or set()
    maker = Maker(route.path)
    shape = inspect.type_info(route.body)
    for _ in range(BODIES):
        path = re.sub(r"{\w+}", lambda _: maker.random.choice(SEGMENTS), route.path)
        content = json.dumps(maker.value(shape))
        answer = await furnished.request(method, path, content=content)
        assert answer.status_code < 500 or answer.status_code == 501, (path, content, answer.text)
