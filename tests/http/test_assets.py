"""The addresses of a voucher's QR code and barcode."""

from urllib.parse import unquote, urlsplit

import pytest

from tests.factories.campaigns import add_vouchers
from tests.http.test_publications import assert_refused

KINDS = ["qr", "barcode"]


@pytest.fixture
async def assets(api, pool, project):
    await add_vouchers(pool, project, None, ["SECRET-1"])
    return (await api.get("/v1/vouchers/SECRET-1")).json()["assets"]


@pytest.mark.parametrize("kind", KINDS)
class TestAssets:
    async def test_the_address_gives_a_picture_to_whoever_has_it(self, anonymous, assets, kind):
        """A087"""
        answer = await anonymous.get(urlsplit(assets[kind]["url"]).path, headers={"Accept": "image/avif,image/*"})
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "image/png"
        assert answer.content.startswith(b"\x89PNG")
        assert "max-age=31536000" in answer.headers["cache-control"]
        assert "SECRET" not in assets[kind]["id"]

    async def test_another_projects_key_changes_nothing(self, other_api, assets, kind):
        assert (await other_api.get(urlsplit(assets[kind]["url"]).path)).status_code == 200

    @pytest.mark.parametrize("size", ["1", "100"])
    @pytest.mark.parametrize(("format_", "media"), [("png", "image/png"), ("svg", "image/svg+xml")])
    async def test_size_and_format_can_be_asked_for(self, anonymous, assets, kind, size, format_, media):
        """A088"""
        answer = await anonymous.get(urlsplit(assets[kind]["url"]).path, params={"size": size, "format": format_})
        assert (answer.status_code, answer.headers["content-type"]) == (200, media)
        assert (b"<svg" in answer.content) == (format_ == "svg")

    @pytest.mark.parametrize("query", ["size=0", "size=101", "size=x", "size=1.5", "format=gif", "format=PNG"])
    async def test_what_cannot_be_drawn_is_refused(self, anonymous, assets, kind, query):
        """A088"""
        answer = await anonymous.get(f"{urlsplit(assets[kind]['url']).path}?{query}")
        assert_refused(answer, 400, "invalid_query_params", f"Property .{query.partition('=')[0]}")

    async def test_a_tampered_id_is_not_found(self, anonymous, assets, kind):
        """A087"""
        path = urlsplit(assets[kind]["url"]).path
        other = {"qr": "barcode", "barcode": "qr"}[kind]
        for wrong in (f"{path}A", path[:-8] + "AAAAAAAA", f"/v1/assets/{kind}/SECRET-1", f"/v1/assets/{kind}/%00%ff",
                      path.replace(f"/{kind}/", f"/{other}/")):  # fmt: skip
            answer = await anonymous.get(wrong)
            assert answer.status_code in {400, 404}, wrong
        answer = await anonymous.get(f"{path}A")
        assert_refused(answer, 404, "not_found")
        assert answer.json()["resource_id"] == unquote(path.rpartition("/")[2]) + "A"
        assert answer.headers["cache-control"] == "no-store"

    async def test_other_methods_are_not_allowed(self, anonymous, assets, kind):
        assert (await anonymous.post(urlsplit(assets[kind]["url"]).path)).status_code == 405
