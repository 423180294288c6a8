"""No body of any shape makes the server fail."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from largesse.actions.ids import IdSource
from largesse.auth.keys import KeyCache
from largesse.http.app import create_app
from largesse.http.services import Services
from largesse.wire.assets import AssetTokens
from tests.factories.vault import VAULT
from tests.http.conftest import client_of
from tests.http.probes import PROBES, Probe

NAMES = st.sampled_from([*Probe.__struct_fields__, "name", "count", "", "\x00", "\ud800", "unknown"])
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=-(2**70), max_value=2**70)
    | st.floats()
    | st.text(st.characters())
    | st.sampled_from(["2024-02-30", "2024-02-29T23", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "A"])
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=6), max_leaves=20
)
TEXTS = VALUES.map(json.dumps)  # with NaN, Infinity and escaped halves of characters, as Python writes them
CUT = st.tuples(TEXTS, st.floats(0, 1)).map(lambda pair: pair[0][: int(len(pair[0]) * pair[1])])
BODIES = st.binary() | TEXTS.map(str.encode) | CUT.map(str.encode)


@settings(max_examples=400, deadline=None)
@given(body=BODIES)
async def test_no_body_of_any_shape_is_a_server_error(body: bytes) -> None:
    nobody: Any = None  # the route asks no database
    app = create_app(
        Services(pool=nobody, keys=KeyCache(nobody), ids=IdSource(), asset_tokens=AssetTokens(b"test"), vault=VAULT),
        PROBES,
    )
    async with client_of(app) as client:
        answer = await client.post("/open-probes", content=body)
    assert answer.status_code in {200, 400}, answer.text
    if answer.status_code == 400:
        assert answer.json().get("key", answer.json().get("error")) in {"invalid_payload", "Bad Request"}


async def test_every_fault_of_a_body_is_reported_at_once() -> None:
    nobody: Any = None
    app = create_app(
        Services(pool=nobody, keys=KeyCache(nobody), ids=IdSource(), asset_tokens=AssetTokens(b"test"), vault=VAULT),
        PROBES,
    )
    body = {"campaign": {"count": 51}, "kind": "C", "starts": "2024-02-30", "parts": [{}, {"name": 1}]}
    async with client_of(app) as client:
        answer = await client.post("/open-probes", json=body)
    assert answer.json()["details"] == (
        "Payload must have required property 'customer'; "
        "Property .campaign must have required property 'name'; "
        "Property .campaign.count must be <= 50; "
        "Property .kind must be equal to one of the allowed values [A, B]; "
        "Property .starts cannot be recognized as a ISO-8601 compliant date; "
        "Property .parts[0] must have required property 'name'; "
        "Property .parts[1].name must be string"
    )
