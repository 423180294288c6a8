"""The key fixtures of the HTTP tests."""

from tests.http.conftest import api_key

__all__ = ["api_key"]
