"""Why a command won't start."""


class StartRefused(Exception):
    """The installation can't be started as it is; the message says why, in one sentence for an operator."""
