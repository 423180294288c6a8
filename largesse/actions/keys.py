"""New key pairs."""

import secrets
import uuid


def new_pair() -> tuple[str, str]:
    """App id and token, both in the shape of a UUID; the token is 128 random bits, six more than a real UUID has."""
    return str(uuid.uuid4()), str(uuid.UUID(bytes=secrets.token_bytes(16)))
