"""Settings: flags beat variables, variables beat defaults (docs/operating.md). Everything is checked here, once."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

import msgspec

from largesse.auth.rates import CALLS_PER_MINUTE
from largesse.runtime.refusal import SettingRefused

DEFAULT_HOST: Final = "127.0.0.1"
DEFAULT_PORT: Final = 8000
DEFAULT_DATA_DIR: Final = ".largesse"
PORT_MAX: Final = 65_535
PROCESSES_MAX: Final = 128
CALLS_PER_MINUTE_MAX: Final = 10**9
FEW_CORES: Final = 2  # which the server and its database share
PUBLISH_STATEMENTS_MAX: Final = 8
SECRET_KEY_CHARACTERS_MIN: Final = 32
TOKEN_CHARACTERS_MIN: Final = 16

# Kind of key (as in the table api_keys) to the beginning of its two variables.
KEY_VARIABLES: Final = {
    "server": ("LARGESSE_APP_ID", "LARGESSE_APP_TOKEN"),
    "client": ("LARGESSE_CLIENT_ID", "LARGESSE_CLIENT_TOKEN"),
    "integration": ("LARGESSE_INTEGRATION_ID", "LARGESSE_INTEGRATION_TOKEN"),
    "management": ("LARGESSE_MANAGEMENT_ID", "LARGESSE_MANAGEMENT_TOKEN"),
}
_TRUE: Final = frozenset({"1", "true", "yes", "on"})
_FALSE: Final = frozenset({"", "0", "false", "no", "off"})


class KeyPair(msgspec.Struct, frozen=True):
    """A key asked for by variables. Its repr is silent about the token: settings may end in a log."""

    kind: str
    app_id: str
    token: str

    def __repr__(self) -> str:
        return f"KeyPair(kind={self.kind!r}, app_id={self.app_id!r})"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """`database_url` is None until the embedded PostgreSQL has told its own; `secret_key` likewise."""

    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    data_dir: str = DEFAULT_DATA_DIR
    processes: int = 1
    jobs: bool = True
    database_url: str | None = None
    database_direct_url: str | None = None
    secret_key: str | None = None
    new_secret_key: str | None = None  # for `largesse secret-key rotate` only
    keys: tuple[KeyPair, ...] = ()
    admin_email: str | None = None
    admin_password: str | None = None
    public_url: str | None = None
    smtp_url: str | None = None
    log_format: str = "text"
    quiet: bool = False
    calls_per_minute: int = CALLS_PER_MINUTE
    publish_statements: int = 2
    prepared_statements: bool = True
    allow_private_targets: bool = False

    def __repr__(self) -> str:
        return f"Settings(host={self.host!r}, port={self.port}, data_dir={self.data_dir!r}, processes={self.processes})"

    @property
    def direct_url(self) -> str:
        """The database without a PgBouncer in between. Only after the database is known."""
        url = self.database_direct_url or self.database_url
        assert url is not None
        return url

    @property
    def through_pgbouncer(self) -> bool:
        return self.database_direct_url is not None and self.database_direct_url != self.database_url

    @property
    def data_path(self) -> Path:
        return Path(self.data_dir)

    @property
    def base_url(self) -> str:
        """Where people and clients find us."""
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::", "") else self.host  # noqa: S104 - compared, not bound
        return self.public_url or f"http://{f'[{host}]' if ':' in host else host}:{self.port}"


def load_settings(environment: Mapping[str, str], **flags: Any) -> Settings:
    """Read and check all settings; a flag that is None wasn't given. Raises SettingRefused with a sentence."""
    given = {name: value for name, value in flags.items() if value is not None}
    value = {name: text for name, text in environment.items() if text.strip()}
    settings = Settings(
        host=given.get("host", DEFAULT_HOST),
        port=_within(given.get("port", DEFAULT_PORT), "--port", 0, PORT_MAX),
        data_dir=str(given.get("data", value.get("LARGESSE_DATA_DIR", DEFAULT_DATA_DIR))),
        processes=_processes(given.get("processes"), value),
        jobs=given.get("jobs", True),
        database_url=_database(value, "LARGESSE_DATABASE_URL"),
        database_direct_url=_database(value, "LARGESSE_DATABASE_DIRECT_URL"),
        secret_key=value.get("LARGESSE_SECRET_KEY"),
        new_secret_key=value.get("LARGESSE_NEW_SECRET_KEY"),
        keys=_keys(value),
        admin_email=value.get("LARGESSE_ADMIN_EMAIL"),
        admin_password=value.get("LARGESSE_ADMIN_PASSWORD"),
        public_url=_url(value, "LARGESSE_PUBLIC_URL", ("http", "https")),
        smtp_url=_url(value, "LARGESSE_SMTP_URL", ("smtp", "smtps", "smtp+starttls")),
        quiet=given.get("quiet", False),
        calls_per_minute=_number(value, "LARGESSE_RATE_LIMIT", CALLS_PER_MINUTE, 1, CALLS_PER_MINUTE_MAX),
        publish_statements=_number(value, "LARGESSE_PUBLISH_STATEMENTS", 2, 1, PUBLISH_STATEMENTS_MAX),
        prepared_statements=_flag(value.get("LARGESSE_PREPARED_STATEMENTS", "1"), "LARGESSE_PREPARED_STATEMENTS"),
        log_format=_one_of(value.get("LARGESSE_LOG", "text"), "LARGESSE_LOG", ("json", "text")),
        allow_private_targets=_flag(value.get("LARGESSE_ALLOW_PRIVATE_TARGETS", ""), "LARGESSE_ALLOW_PRIVATE_TARGETS"),
    )
    _check_together(settings)
    return settings


def cores() -> int:
    """Cores this process may use, which in a container are fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _processes(flag: int | None, value: Mapping[str, str]) -> int:
    if flag is not None:
        return _within(flag, "--processes", 1, PROCESSES_MAX)
    # One core stays for PostgreSQL.
    return _number(value, "LARGESSE_PROCESSES", max(1, cores() - 1), 1, PROCESSES_MAX)


def _number(value: Mapping[str, str], name: str, default: int, smallest: int, largest: int) -> int:
    if (text := value.get(name)) is None:
        return default
    try:
        number = int(text)
    except ValueError:
        raise SettingRefused(f"{name} must be a whole number; it is {text!r}.") from None
    return _within(number, name, smallest, largest)


def _within(number: int, name: str, smallest: int, largest: int) -> int:
    if not smallest <= number <= largest:
        raise SettingRefused(f"{name} must be between {smallest} and {largest}; it is {number}.")
    return number


def _one_of(text: str, name: str, words: tuple[str, ...]) -> str:
    if text not in words:
        raise SettingRefused(f"{name} must be one of {', '.join(words)}; it is {text!r}.")
    return text


def _flag(text: str, name: str) -> bool:
    word = text.strip().lower()
    if word not in _TRUE | _FALSE:
        raise SettingRefused(f"{name} must be 1 or 0; it is {text!r}.")
    return word in _TRUE


def _database(value: Mapping[str, str], name: str) -> str | None:
    return _url(value, name, ("postgresql", "postgres"), host_needed=False)


def _url(value: Mapping[str, str], name: str, schemes: tuple[str, ...], *, host_needed: bool = True) -> str | None:
    if (text := value.get(name)) is None:
        return None
    parts = _split(text)
    # The value isn't repeated: it may hold a password.
    if parts is None or parts.scheme not in schemes or (host_needed and not parts.hostname):
        raise SettingRefused(f"{name} must be a URL that starts with {' or '.join(f'{s}://' for s in schemes)}.")
    return text


def _split(text: str) -> SplitResult | None:
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018 - reading it checks it
    except ValueError:
        return None
    return parts


def _keys(value: Mapping[str, str]) -> tuple[KeyPair, ...]:
    pairs = []
    for kind, (id_name, token_name) in KEY_VARIABLES.items():
        app_id, token = value.get(id_name), value.get(token_name)
        if (app_id is None) != (token is None):
            raise SettingRefused(f"{id_name} and {token_name} belong together: set both or neither.")
        if app_id is None or token is None:
            continue
        if len(token) < TOKEN_CHARACTERS_MIN:
            raise SettingRefused(f"{token_name} must have at least {TOKEN_CHARACTERS_MIN} characters.")
        pairs.append(KeyPair(kind, app_id, token))
    return tuple(pairs)


def _check_together(settings: Settings) -> None:
    if settings.database_url is None and settings.database_direct_url is not None:
        raise SettingRefused("LARGESSE_DATABASE_DIRECT_URL is the other way to LARGESSE_DATABASE_URL: set that too.")
    if settings.database_url is not None and settings.secret_key is None:
        raise SettingRefused(
            "LARGESSE_SECRET_KEY is required with an external database: "
            "every server of the installation must know the same one."
        )
    for name in ("secret_key", "new_secret_key"):
        if len(getattr(settings, name) or "x" * SECRET_KEY_CHARACTERS_MIN) < SECRET_KEY_CHARACTERS_MIN:
            raise SettingRefused(f"LARGESSE_{name.upper()} must have at least {SECRET_KEY_CHARACTERS_MIN} characters.")
    if (settings.admin_email is None) != (settings.admin_password is None):
        raise SettingRefused("LARGESSE_ADMIN_EMAIL and LARGESSE_ADMIN_PASSWORD belong together: set both or neither.")
