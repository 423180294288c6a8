"""Why a command won't start."""

from typing import ClassVar


class StartRefused(Exception):
    """The installation can't be started as it is; the message says why, in one sentence for an operator."""

    exit_status: ClassVar[int] = 1


class SettingRefused(StartRefused):
    """A flag or a variable is wrong: the caller's mistake."""

    exit_status = 2
