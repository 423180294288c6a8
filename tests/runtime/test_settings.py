"""Flags beat variables; a wrong value is refused with its name, never with its secret."""

import pytest

from largesse.runtime.refusal import SettingRefused
from largesse.runtime.settings import load_settings

EXTERNAL = {"LARGESSE_DATABASE_URL": "postgresql://u:hunter2@db/largesse", "LARGESSE_SECRET_KEY": "k" * 32}


def test_without_anything_the_embedded_database_in_the_current_folder_is_used() -> None:
    settings = load_settings({})
    assert (settings.host, settings.port, settings.data_dir) == ("127.0.0.1", 8000, ".largesse")
    assert settings.database_url is None
    assert settings.jobs
    assert settings.keys == ()


def test_a_flag_beats_its_variable() -> None:
    variables = {"LARGESSE_DATA_DIR": "/from/variable", "LARGESSE_PROCESSES": "3"}
    assert load_settings(variables).data_dir == "/from/variable"
    assert load_settings(variables).processes == 3
    settings = load_settings(variables, data="/from/flag", processes=2)
    assert (settings.data_dir, settings.processes) == ("/from/flag", 2)


def test_an_empty_variable_is_an_absent_one() -> None:
    assert load_settings({"LARGESSE_DATABASE_URL": "", "LARGESSE_PROCESSES": " "}).database_url is None


def test_the_direct_url_is_the_database_url_unless_told() -> None:
    assert load_settings(EXTERNAL).direct_url == EXTERNAL["LARGESSE_DATABASE_URL"]
    told = load_settings({**EXTERNAL, "LARGESSE_DATABASE_DIRECT_URL": "postgresql://direct/x"})
    assert told.direct_url == "postgresql://direct/x"


def test_each_kind_of_key_is_read_from_its_pair_of_variables() -> None:
    pair = {"LARGESSE_APP_ID": "id-1", "LARGESSE_APP_TOKEN": "t" * 20}
    (key,) = load_settings(pair).keys
    assert (key.kind, key.app_id, key.token) == ("server", "id-1", "t" * 20)
    assert "ttt" not in repr(key)


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"LARGESSE_PROCESSES": "many"}, "LARGESSE_PROCESSES"),
        ({"LARGESSE_PROCESSES": "0"}, "between 1 and"),
        ({"LARGESSE_RATE_LIMIT": "lots"}, "LARGESSE_RATE_LIMIT"),
        ({"LARGESSE_LOG": "xml"}, "json, text"),
        ({"LARGESSE_ALLOW_PRIVATE_TARGETS": "maybe"}, "1 or 0"),
        ({"LARGESSE_DATABASE_URL": "mysql://u:hunter2@db/x"}, "postgresql://"),
        ({"LARGESSE_DATABASE_URL": "postgresql://u:hunter2@db:notaport/x"}, "postgresql://"),
        ({"LARGESSE_DATABASE_URL": EXTERNAL["LARGESSE_DATABASE_URL"]}, "LARGESSE_SECRET_KEY is required"),
        ({"LARGESSE_SECRET_KEY": "hunter2"}, "at least 32"),
        ({"LARGESSE_DATABASE_DIRECT_URL": "postgresql://db/x"}, "LARGESSE_DATABASE_URL"),
        ({"LARGESSE_APP_ID": "only"}, "belong together"),
        ({"LARGESSE_CLIENT_ID": "id", "LARGESSE_CLIENT_TOKEN": "hunter2"}, "at least 16"),
        ({"LARGESSE_ADMIN_EMAIL": "a@example.com"}, "belong together"),
        ({"LARGESSE_PUBLIC_URL": "vouchers.example.com"}, "http://"),
        ({"LARGESSE_SMTP_URL": "http://mail"}, "smtp://"),
    ],
)
def test_a_wrong_value_is_refused_with_its_name_and_without_its_secret(variables: dict[str, str], words: str) -> None:
    with pytest.raises(SettingRefused, match=words) as refusal:
        load_settings(variables)
    assert "hunter2" not in str(refusal.value)
    assert refusal.value.exit_status == 2


def test_a_port_out_of_range_is_refused() -> None:
    with pytest.raises(SettingRefused, match="--port must be between 0 and 65535; it is 65536"):
        load_settings({}, port=65_536)


def test_people_are_shown_an_address_they_can_open() -> None:
    assert load_settings({}, host="0.0.0.0", port=80).base_url == "http://127.0.0.1:80"
    assert load_settings({}, host="::1").base_url == "http://[::1]:8000"
    assert load_settings({"LARGESSE_PUBLIC_URL": "https://v.example.com"}).base_url == "https://v.example.com"
