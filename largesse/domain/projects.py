"""A project: the tenant. Every key belongs to one, every row too."""

import msgspec


class Project(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    public_id: str  # proj_…
    name: str
    time_zone: str = "UTC"
    case_sensitive_codes: bool = True
    on_known_source_id: str = "replay"  # or "strict"
    codes_per_campaign_max: int = 10_000_000

    def code_key(self, code: str) -> str:
        """What two codes of this project must not share. Folds A–Z only, so it never depends on a locale."""
        return code if self.case_sensitive_codes else code.translate(_FOLD)


_FOLD = {ord(upper): ord(upper.lower()) for upper in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
