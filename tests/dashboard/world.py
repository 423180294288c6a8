"""A project with one of everything that pages show, the forms of a page, and what is stored."""

import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any, Final, NamedTuple
from urllib.parse import quote

import httpx

from largesse.dashboard.pages import all_pages
from largesse.dashboard.routing import Page
from largesse.http.routing import RouteTable
from largesse.store.connection import Pool
from tests.actions.conftest import work_off
from tests.dashboard.conftest import Person

TABLE: Final = RouteTable(all_pages(), ())
DISCOUNT: Final = {"type": "DISCOUNT_VOUCHER", "discount": {"type": "PERCENT", "percent_off": 10}}
GIFT: Final = {"type": "GIFT_VOUCHER", "gift": {"amount": 1000}}
CODE_CONFIG: Final = {"pattern": "CODE-########"}
LONG: Final = 10_000
SIGN_OUT: Final = "/app/sign-out"
# Requests leave these behind, whatever they are: not what people have stored.
_VOLATILE: Final = ("user_sessions", "oauth_tokens", "webhook_secrets")
TABLES: Final = """
SELECT t.table_name, bool_or(c.column_name = 'project_id') AS of_project FROM information_schema.tables t
JOIN information_schema.columns c USING (table_schema, table_name)
WHERE t.table_schema = 'public' AND t.table_type = 'BASE TABLE' AND t.table_name <> ALL ($1::text[]) GROUP BY 1 ORDER BY 1
"""

Words = Callable[[int], str]


class World(NamedTuple):
    """`ids`: of each thing, by the name of its parameter in paths. `project` is the public id."""

    project: str
    ids: dict[str, str]

    def path(self, page: Page, **other: str) -> str:
        """The address of a page of these things."""
        ids = {"project_id": self.project} | self.ids | other
        return re.sub(r"{(\w+)}", lambda match: quote(ids[match[1]], safe=""), page.path)


def plain_words(length_max: int) -> str:
    return "plain words"[:length_max]


def printable(text: str) -> str:
    """As codes and the heads of mails have to be."""
    return "".join(filter(str.isprintable, text))


async def make_world(
    api: httpx.AsyncClient, admin: Person, pool: Pool, words: Words = plain_words, kind: str = "w"
) -> World:
    """Through the API and the forms. `words(length_max)` is what people write wherever they may write; `kind` is unique."""
    made = _Maker(api, admin, pool, words, kind)
    ids = await made.campaigns() | await made.customers() | await made.distributions() | await made.files()
    ids |= await made.developers()
    return World(admin.base.rpartition("/")[2], ids)


class _Maker:
    def __init__(self, api: httpx.AsyncClient, admin: Person, pool: Pool, words: Words, kind: str) -> None:
        self.api, self.admin, self.pool, self.words, self.kind = api, admin, pool, words, kind
        self.metadata = {self.words(40): self.words(1_000), "number": 7}

    async def post(self, path: str, body: Any) -> Any:
        answer = await self.api.post(path, json=body)
        assert answer.status_code < 300, f"{path}: {answer.text[:500]}"
        return answer.json()

    async def form(self, path: str, fields: dict[str, Any], files: dict[str, Any] | None = None) -> str:
        """Where it led to."""
        answer = await self.admin.post(path, fields, files)
        assert answer.status_code == 303, f"{path}: {answer.status_code} {answer.text[-3000:]}"
        return str(answer.headers["location"]).partition("?")[0]

    async def campaigns(self) -> dict[str, str]:
        body = {
            "name": self.words(255), "description": self.words(LONG), "metadata": self.metadata,
            "campaign_type": "GIFT_VOUCHERS", "voucher": GIFT | {"code_config": CODE_CONFIG}, "vouchers_count": 4,
        }  # fmt: skip
        category = await self.post("/v1/categories", {"name": self.words(255), "hierarchy": 1})
        campaign = await self.post("/v1/campaigns", body | {"category_id": category["id"]})
        await work_off(self.pool)
        named = {"code": printable(self.words(255)), "additional_info": self.words(LONG)}
        free = await self.post("/v1/vouchers", DISCOUNT | named)
        customer = {"source_id": self.words(255), "name": self.words(1_000), "email": "a@example.com"}
        publication = await self.post(
            "/v1/publications",
            {
                "campaign": {"name": body["name"]}, "customer": customer, "channel": self.words(255),
                "source_id": self.words(255), "metadata": self.metadata,
            },
        )  # fmt: skip
        code = publication["voucher"]["code"]
        await self.post(f"/v1/vouchers/{code}/balance", {"amount": -5, "reason": self.words(255)})
        refused = {"voucher": code, "customer": {"source_id": "somebody else"}, "source_id": self.words(200) + "2"}
        await self.api.post("/v1/publications", json=refused | {"metadata": self.metadata, "channel": self.words(255)})
        return {
            "campaign_id": campaign["id"], "code": free["id"], "publication_id": publication["id"],
            "customer_id": publication["customer_id"], "held": publication["voucher"]["id"],
        }  # fmt: skip

    async def customers(self) -> dict[str, str]:
        body = {
            "source_id": self.words(255), "name": self.words(1_000), "description": self.words(LONG),
            "phone": self.words(255), "metadata": self.metadata,
            "address": {name: self.words(255) for name in ("city", "state", "line_1", "line_2", "country", "postal_code")},
        }  # fmt: skip
        customer = await self.post("/v1/customers", body)
        await self.post("/v1/segments", {"name": self.words(255), "type": "static", "customers": [customer["id"]]})
        event = {"event": self.words(300), "customer": {"id": customer["id"]}, "metadata": self.metadata}
        await self.post("/v1/events", event)
        return {}

    async def distributions(self) -> dict[str, str]:
        text = self.words(LONG)
        if "{{" in text:  # which a message's own template must be able to read
            text = "{{ customer.name }}{% raw %}{{ 7 * 7 }}{% endraw %}"
        mail = {"type": "email", "from": "a@b.example", "subject": printable(text[:998]), "text": text}
        body = {
            "name": self.words(255), "action": {"type": "message"},
            "channels": [mail | {"from_name": printable(self.words(60)), "html": text}],
        }  # fmt: skip
        sent = await self.post("/v1/distributions", body | {"audience": {"filter": {}}})
        await self.post(f"/v1/distributions/{sent['id']}/send", {"now": True})
        await work_off(self.pool)
        trigger = {"event": "customer.custom_event", "custom_event": self.words(255)}
        await self.post("/v1/distributions", body | {"name": self.words(250) + "2", "trigger": trigger})
        draft = await self.post("/v1/distributions", body | {"name": self.words(250) + "3", "audience": {"filter": {}}})
        messages = (await self.api.get(f"/v1/distributions/{sent['id']}/messages")).json()["data"]
        return {"distribution_id": draft["id"], "message_id": messages[0]["id"], "sent": sent["id"]}

    async def files(self) -> dict[str, str]:
        export = await self.post("/v1/exports", {"exported_object": "customer"})
        await work_off(self.pool)
        cell = '"' + self.words(1_000).replace('"', '""') + '"'
        content = f'Source ID,Name,"{self.words(200).replace(chr(34), chr(34) * 2)}"\r\nimported,{cell},{cell}\r\n'
        content += f"{'y' * 300},{cell},{cell}\r\n"  # an id that is too long
        files = {"file": ("f.csv", content.encode())}
        first = await self.form("/imports", {"kind": "customers"}, files)
        second = await self.form("/imports", {"kind": "customers"}, files)
        columns = {"c0": "source_id", "c1": "name", "c2": ""}
        action = await self.form("/imports/" + second.rpartition("/")[2], columns | {"step": "import"})
        await work_off(self.pool)
        ids = {"upload_id": first, "action_id": action}
        return {name: where.rpartition("/")[2] for name, where in ids.items()} | {"export_id": export["id"]}

    async def developers(self) -> dict[str, str]:
        name = self.words(60) + self.kind
        made = await self.admin.post("/developers", {"type": "server", "name": name})
        assert made.status_code == 200, made.text[-3000:]
        target = f"https://example.com/hook?{quote(self.words(300))}"
        fields = {"target_url": target, "events": ["customer.created"], "active": "on", "headers": "x-one: two"}
        webhook = await self.form("/developers/webhooks/new", fields)
        delivery = await self.form(f"/developers/webhooks/{webhook.rpartition('/')[2]}/test", {})
        person = {
            "email": f"{self.kind}@example.com",
            "name": self.words(100),
            "role": "user",
            "password": "long enough 123",
        }
        await self.form("/app/users/new", person | {"projects": [self.admin.base.rpartition("/")[2]]})
        await self.form("/developers/audit", {})
        await work_off(self.pool)
        return {
            "app_id": await self.pool.fetchval("SELECT app_id FROM api_keys WHERE name = $1", name.strip()),
            "webhook_id": webhook.rpartition("/")[2],
            "delivery_id": delivery.rpartition("/")[2],
            "user_id": await self.pool.fetchval("SELECT id FROM users WHERE email = $1", person["email"]),
        }


async def stored(pool: Pool, project_id: int | None = None) -> dict[str, str]:
    """A digest of every row, by table: of one project, or of all and of those who sign in."""
    digests = [
        f"SELECT '{row['table_name']}' AS name, md5(string_agg(r::text, chr(10) ORDER BY r::text)) AS digest "
        f"FROM {row['table_name']} r" + (f" WHERE project_id = {project_id}" if project_id is not None else "")
        for row in await pool.fetch(TABLES, list(_VOLATILE))
        if row["of_project"] or project_id is None
    ]
    rows = await pool.fetch(" UNION ALL ".join(digests))
    found = {row["name"]: row["digest"] for row in rows}
    assert {"vouchers", "campaigns", "customers", "publications", "events"} <= set(found)
    return found


class Sent(NamedTuple):
    """A form of a page: where it goes, what its fields hold at first."""

    method: str
    action: str
    fields: dict[str, list[str]]
    choices: dict[str, list[str]]


class Forms(HTMLParser):
    """The forms of a page at `path`."""

    def __init__(self, html: str, path: str) -> None:
        super().__init__()
        self.found: list[Sent] = []
        self._path = path
        self._area: str | None = None
        self._select = ""
        self._open = False
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        if tag == "form":
            action = given.get("action") or self._path
            self.found.append(Sent(given.get("method", "get").lower(), action.partition("?")[0], {}, {}))
            self._open = True
        elif self._open:
            self._field(tag, given)

    def _field(self, tag: str, given: dict[str, str]) -> None:
        form, name = self.found[-1], given.get("name", "")
        if tag == "textarea" and name:
            self._area = name
            form.fields.setdefault(name, [""])
        elif tag == "select":
            self._select = name
            form.fields.setdefault(name, [])
        elif tag == "option" and self._select:
            form.choices.setdefault(self._select, []).append(given.get("value", ""))
            if "selected" in given or not form.fields[self._select]:
                form.fields[self._select] = [given.get("value", "")]
        elif tag in ("input", "button") and name and given.get("type") != "file":
            form.choices.setdefault(name, []).append(given.get("value", "on"))
            if given.get("type") not in ("checkbox", "radio") or "checked" in given:
                form.fields.setdefault(name, []).append(given.get("value", "on"))
            else:
                form.fields.setdefault(name, [])

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            self.found[-1].fields[self._area][-1] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = None
        elif tag == "select":
            self._select = ""
        elif tag == "form":
            self._open = False


def route_of(method: str, path: str) -> Page:
    route, _ = TABLE.find(method, path)
    assert isinstance(route, Page)
    return route
