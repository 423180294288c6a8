"""Projects as the management API shows them. Our own settings stand beside the contract's, under our own names."""

from typing import Annotated, Any, Final

import msgspec

from largesse.domain.errors import InvalidPayload
from largesse.domain.projects import (
    CODES_PER_CAMPAIGN_CEILING,
    NAME_LENGTH_MAX,
    ORIGINS_MAX,
    ProjectChanges,
    ProjectRecord,
    check_changes,
)

TEXT_LENGTH_MAX: Final = 2_000
EMAILS_MAX: Final = 20
API_VERSION: Final = "v2018-08-01"
WEBHOOK_VERSION: Final = "v2024-01-01"
CLUSTER: Final = "self-hosted"

_Text = Annotated[str, msgspec.Meta(max_length=TEXT_LENGTH_MAX)]
_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=NAME_LENGTH_MAX)]
_Emails = Annotated[list[_Text], msgspec.Meta(max_length=EMAILS_MAX)]
# A setting's name on the wire, and in the project. A setting that is to be seen and changed here needs one line, and a
# field in ProjectInput.
_SETTINGS: Final = {
    "timezone": "time_zone",
    "client_trusted_domains": "client_origins",
    "client_publish_enabled": "client_publish",
    "on_known_source_id": "on_known_source_id",
    "codes_per_campaign_max": "codes_per_campaign_max",
    "publish_on_voucher_export": "publish_on_voucher_export",
}
# Kept and shown; what they switch isn't built yet. With what is shown when nobody has said anything.
_DETAILS: Final[dict[str, Any]] = {
    "description": None,
    "currency": None,
    "dial_code": None,
    "webhook_version": WEBHOOK_VERSION,
    "client_redeem_enabled": False,
    "client_list_vouchers_enabled": False,
    "client_create_customer_enabled": False,
    "client_loyalty_events_enabled": False,
    "client_set_voucher_expiration_date_enabled": False,
    "api_usage_notifications": {},
    "webhooks_callout_notifications": {},
    "default_code_config": None,
}


class CalloutInput(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    email: bool | None = None
    in_app: bool | None = None
    emails: _Emails | None = None


class CalloutsInput(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    distributions: CalloutInput | None = None
    webhooks: CalloutInput | None = None


class UsageInput(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    enabled: bool | None = None
    value: Annotated[int, msgspec.Meta(ge=10, le=90)] | None = None
    in_app: bool | None = None
    emails: _Emails | None = None


class UsagesInput(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    redemptions: UsageInput | None = None
    messages: UsageInput | None = None
    api_calls: UsageInput | None = None
    bulk_api_calls: UsageInput | None = None
    webhook_calls: UsageInput | None = None
    cycle_calls: UsageInput | None = None


class CharsetInput(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    charset: _Text | None = None


class ProjectChangesInput(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Null is as good as absent: what isn't said stays as it is."""

    name: _Name | None = None
    description: _Text | None = None
    timezone: _Text | None = None
    currency: Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$")] | None = None
    dial_code: _Text | None = None
    webhook_version: _Text | None = None
    client_trusted_domains: Annotated[list[_Text], msgspec.Meta(max_length=ORIGINS_MAX)] | None = None
    client_redeem_enabled: bool | None = None
    client_publish_enabled: bool | None = None
    publish_on_voucher_export: bool | None = None
    client_list_vouchers_enabled: bool | None = None
    client_create_customer_enabled: bool | None = None
    client_loyalty_events_enabled: bool | None = None
    client_set_voucher_expiration_date_enabled: bool | None = None
    webhooks_callout_notifications: CalloutsInput | None = None
    api_usage_notifications: UsagesInput | None = None
    default_code_config: CharsetInput | None = None
    case_sensitive_codes: bool | None = None  # fixed when the project is made
    on_known_source_id: _Text | None = None
    codes_per_campaign_max: Annotated[int, msgspec.Meta(ge=1, le=CODES_PER_CAMPAIGN_CEILING)] | None = None

    def changes(self) -> ProjectChanges:
        """Raises InvalidPayload with every setting that can't be, by its name on the wire."""
        settings = {ours: getattr(self, theirs) for theirs, ours in _SETTINGS.items()}
        said = {name: msgspec.to_builtins(getattr(self, name)) for name in _DETAILS}
        details = {name: value for name, value in said.items() if value is not None}
        try:
            return check_changes(ProjectChanges(name=self.name, details=details or None, **settings))
        except InvalidPayload as error:
            text = str(error)
            for theirs, ours in _SETTINGS.items():
                text = text.replace(f"Property .{ours} ", f"Property .{theirs} ")
            raise InvalidPayload(text) from error


class ProjectInput(ProjectChangesInput, frozen=True, kw_only=True, omit_defaults=True):
    """A project to be made: the same, with a name."""

    name: _Name


def render_project(record: ProjectRecord) -> dict[str, Any]:
    """Keys are shown only where they have just been made."""
    project = record.project
    return {
        "id": project.public_id,
        "name": project.name,
        **{theirs: getattr(project, ours) for theirs, ours in _SETTINGS.items()},
        **{name: record.details.get(name, default) for name, default in _DETAILS.items()},
        "webhook_token": record.webhook_secret,
        "cluster_id": CLUSTER,
        "case_sensitive_codes": project.case_sensitive_codes,
        "api_version": API_VERSION,
        "is_sandbox": False,
    }
