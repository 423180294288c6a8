"""Every error a caller can meet: one small tree. A class's docstring is its default message.

The body is in docs/semantics/wire.md. `details` is for people, `key` for programs.
"""

from typing import ClassVar


class LargesseError(Exception):
    """Internal error"""

    status: ClassVar[int] = 500
    key: ClassVar[str | None] = "internal_error"
    retry_after_s: ClassVar[int | None] = None

    def __init__(
        self,
        details: str | None = None,
        *,
        message: str | None = None,
        resource_id: str | None = None,
        resource_type: str | None = None,
    ) -> None:
        """`resource_id` repeats what the caller sent; `resource_type` is the contract's word for the noun."""
        self.message = message or (type(self).__doc__ or "").partition("\n")[0]
        self.details = details
        self.resource_id = resource_id
        self.resource_type = resource_type
        super().__init__(details or self.message)


class InvalidPayload(LargesseError):
    """Invalid payload"""

    status = 400
    key = "invalid_payload"


class InvalidQueryParams(LargesseError):
    """Invalid query params"""

    status = 400
    key = "invalid_query_params"


class PageOverLimit(LargesseError):
    """Listing resource above 1000 page is not supported"""

    status = 400
    key = "page_over_limit"


class QueryTooLarge(LargesseError):
    """Query too large"""

    status = 400
    key = "query_too_large"


class MalformedJson(LargesseError):
    """Invalid request payload JSON format

    Rendered in the framework's shape (docs/semantics/wire.md), like PayloadTooLarge.
    """

    status = 400
    key = None


class MissingVouchers(LargesseError):
    """Missing vouchers"""

    status = 400
    key = "missing_vouchers"


class TooManyVouchersRequested(LargesseError):
    """Too many vouchers requested"""

    status = 400
    key = "too_many_vouchers_requested"


class VoucherAlreadyPublished(LargesseError):
    """Voucher already published"""

    status = 400
    key = "voucher_already_published"


class VoucherCannotBePublished(LargesseError):
    """Voucher cannot be published"""

    status = 400
    key = "voucher_cannot_be_published"


class NoVoucherSuitableForPublication(LargesseError):
    """Couldn't find any voucher suitable for publication"""

    status = 400
    key = "no_voucher_suitable_for_publication"


class InvalidValidationRules(LargesseError):
    """Invalid Validation Rule Definition"""

    status = 400
    key = "invalid_validation_rules"


class DuplicateSourceId(LargesseError):
    """Duplicate source_id"""

    status = 400
    key = "duplicate_source_id"


class MetadataValidationFailed(LargesseError):
    """Metadata validation failed"""

    status = 400
    key = "metadata_validation_failed"


class InvalidCampaign(LargesseError):
    """Invalid Campaign"""

    status = 400
    key = "invalid_campaign"


class InvalidCampaignParams(LargesseError):
    """Invalid campaign params"""

    status = 400
    key = "invalid_campaign_params"


class InvalidCodeConfig(LargesseError):
    """Invalid code config"""

    status = 400
    key = "invalid_code_config"


class InvalidVoucher(LargesseError):
    """Invalid Voucher"""

    status = 400
    key = "invalid_voucher"


class DuplicateKey(LargesseError):
    """Duplicate codes"""

    status = 400
    key = "duplicate_key"


class InvalidAddBalanceParams(LargesseError):
    """Invalid add balance params"""

    status = 400
    key = "invalid_add_balance_params"


class NotPublished(LargesseError):
    """Voucher is not published"""

    status = 400
    key = "not_published"


class ReferrerNotPermitted(LargesseError):
    """Referrer is not permitted to redeem"""

    status = 400
    key = "referrer_not_permitted_to_redeem"


class ResourceInUse(LargesseError):
    """Resource in use"""

    status = 400
    key = "resource_in_use"


class InvalidExportFields(LargesseError):
    """Invalid Export"""

    status = 400
    key = "invalid_export_fields"


class AudienceTooSlow(LargesseError):
    """The audience takes too long to look through: narrow its filter"""


class InvalidDistribution(LargesseError):
    """Invalid distribution"""

    status = 400
    key = "invalid_distribution"


class InvalidGrantType(LargesseError):
    """Invalid grant_type"""

    status = 400
    key = "invalid_grant_type"


class InvalidScope(LargesseError):
    """Invalid scope"""

    status = 400
    key = "invalid_scope"


class MissingParameters(LargesseError):
    """Missing parameters"""

    status = 400
    key = "missing_parameters"


class Unauthorized(LargesseError):
    """Unauthorized"""

    status = 401
    key = "unauthorized"

    @classmethod
    def opens_nothing(cls) -> "Unauthorized":
        """For an unknown id, a wrong token, a revoked and an expired key alike: strangers aren't told which."""
        return cls("There is no such key or token, or it was revoked, has expired, or is for other paths")


class Forbidden(LargesseError):
    """Forbidden"""

    status = 403
    key = "forbidden"


class IntegrationApiKeyRequired(LargesseError):
    """Forbidden"""

    status = 403
    key = "integration_api_key_required"


class MissingRequiredPermission(LargesseError):
    """Missing permission"""

    status = 403
    key = "missing_required_permission"

    def __init__(self) -> None:
        super().__init__("User does not have a required permission to perform this operation.")


class NotFound(LargesseError):
    """Resource not found"""

    status = 404
    key = "not_found"

    @classmethod
    def of(cls, resource_type: str, resource_id: str) -> "NotFound":
        """The house wording: Cannot find *type* with id *x*."""
        words = resource_type.replace("_", " ")
        return cls(f"Cannot find {words} with id {resource_id}", resource_id=resource_id, resource_type=resource_type)


class MethodNotAllowed(LargesseError):
    """HTTP Method Not Allowed"""

    status = 405
    key = None

    def __init__(self, method: str, allowed: tuple[str, ...]) -> None:
        """`allowed` are the methods that the path has, in the order to name them."""
        super().__init__(f"{method} is not supported by this endpoint. Did you mean {' or '.join(allowed)}?")
        self.allowed = allowed


class NotAcceptable(LargesseError):
    """Not Acceptable"""

    status = 406
    key = None


class RequestTimeout(LargesseError):
    """The request took too long to arrive"""

    status = 408
    key = "request_timeout"


class DuplicateFound(LargesseError):
    """Duplicated resource found"""

    status = 409
    key = "duplicate_found"


class HolderDuplication(LargesseError):
    """Holder assignment duplication

    The key is spelt as on the wire.
    """

    status = 409
    key = "holder_assignement_duplication"


class PayloadTooLarge(LargesseError):
    """Payload content length greater than maximum allowed"""

    status = 413
    key = None

    def __init__(self, bytes_max: int) -> None:
        super().__init__(message=f"Payload content length greater than maximum allowed: {bytes_max}")


class UnsupportedMediaType(LargesseError):
    """Unsupported Media Type"""

    status = 415
    key = None


class TooManyRequests(LargesseError):
    """Too many requests hit the API too quickly."""

    status = 429
    key = "too_many_requests"


class TooManyAtOnce(TooManyRequests):
    """Too many requests at once"""

    retry_after_s = 1


class TooManyTokens(TooManyRequests):
    """Too many access tokens"""

    retry_after_s = 60


class TooManyExports(TooManyRequests):
    """Too many exports"""

    retry_after_s = 60


class NotBuilt(LargesseError):
    """Not implemented"""

    status = 501
    key = "not_implemented"


class Unavailable(LargesseError):
    """Service temporarily unavailable"""

    status = 503
    key = "service_unavailable"
    retry_after_s = 1
