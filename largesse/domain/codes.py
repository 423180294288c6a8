"""What codes look like, how many there can be, and how random bytes become codes (docs/semantics/code.md)."""

import re
from collections.abc import Callable
from typing import Any, Final, TypeAlias

import msgspec

from largesse.domain.errors import InvalidCodeConfig, InvalidVoucher

ALPHANUMERIC: Final = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
DEFAULT_LENGTH: Final = 8
LENGTH_MAX: Final = 100  # random characters
CODE_LENGTH_MAX: Final = 255  # everything
PATH_WORDS: Final = frozenset({
    "publish", "qualification", "import", "importCSV", "bulk", "metadata", "enable", "disable",
})  # fmt: skip
"""What stands in the place of a code in some path of the API, or stood there: an operation, never a code."""
UNREACHABLE: Final = PATH_WORDS | {".", ".."}  # in a path clients make something else of the dots
CHARSET_MAX: Final = 256  # one random byte decides one character
PICK_KEY_BITS: Final = 63

Entropy: TypeAlias = Callable[[int], bytes]
"""So many bytes from a cryptographic source: `os.urandom`."""

_FOLD = {ord(upper): ord(upper.lower()) for upper in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}


class CodeConfig(msgspec.Struct, frozen=True, kw_only=True):
    """A checked recipe: every `#` of `pattern` becomes one character of `charset`; prefix and postfix stay."""

    charset: str = ALPHANUMERIC
    pattern: str = "#" * DEFAULT_LENGTH
    prefix: str = ""
    postfix: str = ""

    @property
    def length(self) -> int:
        """Random characters."""
        return self.pattern.count("#")

    def as_sent(self) -> dict[str, Any]:
        """The `code_config` of an answer: length, charset and pattern always, the rest if there is any."""
        out: dict[str, Any] = {"length": self.length, "charset": self.charset, "pattern": self.pattern}
        if self.prefix:
            out["prefix"] = self.prefix
        if self.postfix:
            out["postfix"] = self.postfix
        return out


def code_config(
    *,
    length: int | None = None,
    charset: str | None = None,
    pattern: str | None = None,
    prefix: str | None = None,
    postfix: str | None = None,
) -> CodeConfig:
    """Check and complete a recipe; `pattern` beats `length`. Raises InvalidCodeConfig, naming the property."""
    if charset == "" or (charset is not None and len(set(charset)) > CHARSET_MAX):
        raise InvalidCodeConfig(f"Property .code_config.charset must have 1 to {CHARSET_MAX} different characters")
    if not all(text is None or text.isprintable() for text in (charset, pattern, prefix, postfix)):
        raise InvalidCodeConfig("Properties of .code_config must hold printable characters only")
    if not pattern:
        length = DEFAULT_LENGTH if length is None else length
        if not 1 <= length <= LENGTH_MAX:
            raise InvalidCodeConfig(f"Property .code_config.length must be from 1 to {LENGTH_MAX}")
        pattern = "#" * length
    if pattern.count("#") > LENGTH_MAX:
        raise InvalidCodeConfig(f"Property .code_config.pattern must have at most {LENGTH_MAX} random characters")
    config = CodeConfig(charset=charset or ALPHANUMERIC, pattern=pattern, prefix=prefix or "", postfix=postfix or "")
    if len(config.prefix) + len(config.pattern) + len(config.postfix) > CODE_LENGTH_MAX:
        raise InvalidCodeConfig(f"Codes of this configuration would be longer than {CODE_LENGTH_MAX} characters")
    sample = f"{config.prefix}{config.pattern}{config.postfix}"
    if sample in UNREACHABLE or sample != sample.strip() or any(character.isspace() for character in config.charset):
        raise InvalidCodeConfig(
            "Codes of this configuration would begin or end with spaces, or be . or .. or a word of a path"
        )
    return config


def check_code(code: str) -> str:
    """A code that the caller chose. Raises InvalidVoucher when it is empty, too long, or has control characters."""
    if not 1 <= len(code) <= CODE_LENGTH_MAX or not code.isprintable() or code != code.strip() or code in UNREACHABLE:
        raise InvalidVoucher(
            f"Property .code must be 1 to {CODE_LENGTH_MAX} printable characters without outer spaces, and not . or .."
            f" or one of the words {', '.join(sorted(PATH_WORDS))}"
        )
    return code


def fold(text: str) -> str:
    """A–Z to a–z and nothing else, so that it never depends on a locale."""
    return text.translate(_FOLD)


def capacity(config: CodeConfig, *, case_sensitive: bool = True) -> int:
    """How many different codes the recipe has. Exact, however large."""
    charset = config.charset if case_sensitive else fold(config.charset)
    return int(len(set(charset)) ** config.length)


def shape(config: CodeConfig, *, case_sensitive: bool = True) -> str:
    """A POSIX regular expression that exactly the keys of this recipe's codes match."""
    literals = [config.prefix, *config.pattern.split("#"), config.postfix]
    charset = config.charset
    if not case_sensitive:
        literals = [fold(literal) for literal in literals]
        charset = fold(charset)
    any_of = "(" + "|".join(re.escape(character) for character in sorted(set(charset))) + ")"
    prefix, *pattern, postfix = (re.escape(literal) for literal in literals)
    return f"^{prefix}{any_of.join(pattern)}{postfix}$"


def check_capacity(config: CodeConfig, wanted: int, taken: int, *, case_sensitive: bool = True) -> None:
    """Raises InvalidCodeConfig when `wanted` further codes can't exist beside the `taken` ones of this shape."""
    if config.length == 0 and wanted > 1:
        raise InvalidCodeConfig("Property .code_config.pattern must contain # when more than one code is to be made")
    room = capacity(config, case_sensitive=case_sensitive)
    if room - taken < wanted:
        raise InvalidCodeConfig(
            f"The code configuration allows {room} codes, {taken} of them are taken: {wanted} more don't fit"
        )


def new_codes(config: CodeConfig, count: int, entropy: Entropy) -> list[str]:
    """`count` random codes, each combination equally likely. The same code may come twice: an insert decides. A word of
    a path is left out.

    A byte below the largest multiple of the charset's size maps to a character, a higher one is thrown away, so no
    character is likelier than another. `bytes.translate` does both for the whole batch at once.
    """
    charset = "".join(dict.fromkeys(config.charset))
    letters = _random_letters(charset, config.length * count, entropy)
    pieces = config.pattern.split("#")
    pieces[0] = config.prefix + pieces[0]
    pieces[-1] += config.postfix
    length = config.length
    if length == 0:
        return pieces * count
    if not any(pieces[1:-1]):  # one run of random characters, as nearly always
        before, after = pieces[0], pieces[-1]
        if not before and not after:
            return _reachable([letters[i : i + length] for i in range(0, length * count, length)])
        return _reachable([before + letters[i : i + length] + after for i in range(0, length * count, length)])
    template = "%s".join(piece.replace("%", "%%") for piece in pieces)
    return _reachable([template % tuple(letters[i : i + length]) for i in range(0, length * count, length)])


def _reachable(codes: list[str]) -> list[str]:
    return codes if PATH_WORDS.isdisjoint(codes) else [code for code in codes if code not in PATH_WORDS]


def codes_at(config: CodeConfig, start: int, count: int, *, case_sensitive: bool = True) -> list[str]:
    """`count` codes of the recipe's space from place `start` on, round the end: each place is a different code, and one
    that is a word of a path is left out.
    """
    charset = list(dict.fromkeys(config.charset))
    if not case_sensitive:
        charset = list({fold(character): character for character in charset}.values())
    size, length = len(charset), config.length
    pattern = config.pattern.replace("%", "%%").replace("#", "%s")
    template = config.prefix.replace("%", "%%") + pattern + config.postfix.replace("%", "%%")
    codes = []
    for place in range(start, start + count):
        letters, rest = [], place % size**length
        for _ in range(length):
            rest, digit = divmod(rest, size)
            letters.append(charset[digit])
        codes.append(template % tuple(letters))
    return _reachable(codes)


def _random_letters(charset: str, count: int, entropy: Entropy) -> str:
    size = len(charset)
    accepted = 256 - 256 % size
    indices = bytes(byte % size for byte in range(256))
    rejected = bytes(range(accepted, 256))
    drawn = b""
    while len(drawn) < count:
        missing = count - len(drawn)
        drawn += entropy(missing * 256 // accepted + missing // 64 + 16).translate(indices, rejected)
    drawn = drawn[:count]
    if charset.isascii():
        return drawn.translate(charset.encode("ascii").ljust(256)).decode("ascii")
    return drawn.decode("latin-1").translate(dict(enumerate(charset)))


def pick_keys(count: int, entropy: Entropy) -> list[int]:
    """PICK_KEY_BITS random bits each: the order in which a pool is emptied."""
    return [key >> 64 - PICK_KEY_BITS for key in memoryview(entropy(8 * count)).cast("Q")]
