"""How a command ends badly: a sentence, and exit status 1."""


class CommandFailed(Exception):
    """The message is a sentence for an operator."""


class NotBuiltYet(CommandFailed):
    """A verb that is promised and missing."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} isn't built yet.")
