"""The opaque ids of a voucher's QR code and barcode (docs/semantics/voucher.md), and the tokens of exports.

A token is AES-SIV over project and voucher id: authenticated, so a changed one is refused; deterministic, so browsers
can cache the image; and it shows nothing of the code, so that tokens can't be used to list codes.
"""

from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import Any, Final, Literal, TypeAlias

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from largesse.domain.errors import NotFound

Kind: TypeAlias = Literal["qr", "barcode"]
Subject: TypeAlias = Kind | Literal["export", "unsubscribe"]
AssetUrls: TypeAlias = Callable[[str], dict[str, Any]]
"""Voucher id to the `assets` object of a voucher."""
ProjectAssets: TypeAlias = Callable[[int], AssetUrls]
"""The same for each project, by its number."""

KEY_BYTES: Final = 32
_PURPOSE: Final = b"largesse asset tokens v1"


def project_assets(secret_key: str, public_url: str) -> ProjectAssets:
    """For those who serve nothing, and still write addresses: jobs."""
    tokens = AssetTokens(secret_key.encode())
    return lambda project_id: tokens.urls(public_url, project_id)


class AssetTokens:
    def __init__(self, secret_key: bytes) -> None:
        """`secret_key` is the installation's key, any length; the key used here is derived from it."""
        key = HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=None, info=_PURPOSE).derive(secret_key)
        self._cipher = AESSIV(key)

    def token(self, kind: Subject, project_id: int, id: str) -> str:
        """`id`: of the voucher or export, or whose will it is. Standard base64; to be percent-encoded in a path."""
        text = f"{project_id}:{id}".encode()
        return b64encode(self._cipher.encrypt(text, [kind.encode()])).decode()

    def read(self, kind: Subject, token: str) -> tuple[int, str]:
        """Project id and the id of the voucher or export.

        Raises NotFound for a token that this installation hasn't made for `kind`.
        """
        try:
            text = self._cipher.decrypt(b64decode(token, validate=True), [kind.encode()]).decode()
        except (InvalidTag, ValueError):
            raise NotFound(f"Cannot find asset with id {token}", resource_id=token, resource_type="asset") from None
        project_id, _, id_ = text.partition(":")
        return int(project_id), id_

    def urls(self, public_url: str, project_id: int) -> AssetUrls:
        """What `render_voucher` takes: the ids and addresses of one project's vouchers."""
        base = public_url.rstrip("/") + "/v1/assets/"

        def assets(voucher_id: str) -> dict[str, Any]:
            qr = self.token("qr", project_id, voucher_id)
            barcode = self.token("barcode", project_id, voucher_id)
            return {
                "qr": {"id": qr, "url": f"{base}qr/{_quoted(qr)}"},
                "barcode": {"id": barcode, "url": f"{base}barcode/{_quoted(barcode)}"},
            }

        return assets


def _quoted(token: str) -> str:
    """Percent-encoded. A token is base64: three signs, and a tenth of what `urllib.parse.quote` costs every answer."""
    return token.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")
