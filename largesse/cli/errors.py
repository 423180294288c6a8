"""How a command ends badly: a sentence, and exit status 1."""


class CommandFailed(Exception):
    """The message is a sentence for an operator."""
