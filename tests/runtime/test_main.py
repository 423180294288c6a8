"""How a command ends when the database goes away in the middle of it."""

import asyncpg
import pytest

from largesse.runtime import main


def fail_with(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def command() -> None:
        raise error

    monkeypatch.setattr(main, "command_line", lambda _host: command)


@pytest.mark.parametrize("state", ["25006", "57P01", "08006"])
def test_a_database_that_is_away_is_one_sentence(
    state: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fail_with(asyncpg.PostgresError.new({"C": state, "M": "so it is", "S": "ERROR"}), monkeypatch)
    with pytest.raises(SystemExit) as ended:
        main.main()
    assert ended.value.code == main.FAILED
    assert capsys.readouterr().err == "largesse: The database can't be used at the moment: so it is.\n"


def test_a_mistake_of_ours_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    fail_with(ZeroDivisionError("ours"), monkeypatch)
    with pytest.raises(ZeroDivisionError):
        main.main()
