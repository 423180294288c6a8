"""The same keys as Largesse's, remembered for as long as there."""

import hashlib
import hmac

from django.core.cache import cache
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed

from vouchers.models import ApiKey

REMEMBERED_S = 5


class Caller:
    is_authenticated = True

    def __init__(self, key):
        self.project_id = key.project_id
        self.app_id = key.app_id


class KeyAuthentication(BaseAuthentication):
    def authenticate(self, request):
        app_id, token = request.headers.get("X-App-Id", ""), request.headers.get("X-App-Token", "")
        key = cache.get_or_set(
            f"key:{app_id}", lambda: ApiKey.objects.filter(app_id=app_id, revoked_at=None).first(), REMEMBERED_S
        )
        if key is None or not hmac.compare_digest(hashlib.sha256(token.encode()).digest(), bytes(key.token_hash)):
            raise AuthenticationFailed
        return Caller(key), None
