"""JSON calls to a server, for the commands that are clients."""

import http.client
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from largesse.cli.errors import CommandFailed

CALL_TIMEOUT_S: Final = 10.0


class Caller:
    """`headers`: the key. Raises CommandFailed for every answer that isn't a 2xx, `expected` ones excepted.

    Raises OSError when there is no answer.
    """

    def __init__(self, base_url: str, headers: Mapping[str, str]) -> None:
        self._base_url = base_url
        self._headers = {**headers, "Content-Type": "application/json"}

    def __call__(self, method: str, path: str, body: Any = None, expected: int | None = None) -> Any:
        request = urllib.request.Request(  # noqa: S310 - the caller's own http address
            self._base_url + path,
            data=None if body is None else msgspec.json.encode(body),
            headers=self._headers,
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=CALL_TIMEOUT_S) as answer:  # noqa: S310
                return msgspec.json.decode(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            if error.code == expected:
                return None
            text = error.read().decode(errors="replace")
            raise CommandFailed(f"{method} {path} answered {error.code}: {text}") from error
        except msgspec.DecodeError as error:
            raise CommandFailed(f"{method} {path} answered something that isn't JSON.") from error
        except http.client.HTTPException as error:
            raise ConnectionError(f"{method} {path}: that isn't HTTP") from error
