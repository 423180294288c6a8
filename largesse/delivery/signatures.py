"""Signs what is sent, in Voucherify's way (docs/semantics/webhook.md) and that of standardwebhooks.com.

The second covers the id and the time too, so a receiver can refuse what was recorded and is played again. Its library
would bring an HTTP client and four more packages for these lines.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence

from largesse.domain.webhooks import SECRET_PREFIX


def voucherify_signature(secret: str, body: bytes) -> str:
    """Hex HMAC-SHA256 of the body; the secret's text is the key."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def standard_signature(secret: str, id: str, timestamp: int, body: bytes) -> str:
    """`v1,` and base64. The key is what the text behind `whsec_` encodes; `timestamp` in seconds."""
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    signed = b".".join((id.encode(), str(timestamp).encode(), body))
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def signed_headers(secrets: Sequence[str], id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers of one attempt. `secrets`: the one in force and, for a while, the one before it."""
    return {
        "x-voucherify-signature": voucherify_signature(secrets[0], body),
        "webhook-id": id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(standard_signature(secret, id, timestamp, body) for secret in secrets),
    }
