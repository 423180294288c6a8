"""Bodies of distributions."""

from typing import Any

EMAIL = {
    "type": "email",
    "from": "shop@example.com",
    "subject": "Hi {{ customer.name }}",
    "text": "Your code: {{ voucher.code }}",
}
SMS = {
    "type": "sms",
    "url": "https://sms.example/send",
    "headers": {"Authorization": "Bearer secret"},
    "body": '{"to": {{ customer.phone | json }}, "text": {{ text | json }}}',
    "text": "Code {{ voucher.code }}",
}


def manual(**fields: Any) -> dict[str, Any]:
    """Codes of the campaign `c` by e-mail to everybody whose name isn't Nobody; None leaves a field out."""
    body = {
        "name": "Spring",
        "audience": {"filter": {"name": {"conditions": {"$is_not": ["Nobody"]}}}},
        "action": {"type": "publish", "campaign": "c"},
        "channels": [EMAIL],
    } | fields
    return {name: value for name, value in body.items() if value is not None}


def automatic(**fields: Any) -> dict[str, Any]:
    """A plain mail to every new customer."""
    body = {
        "name": "Welcome",
        "trigger": {"event": "customer.created"},
        "action": {"type": "message"},
        "channels": [EMAIL | {"text": "Welcome, {{ customer.name }}"}],
    }
    return body | fields
