"""The shape of ids: time-ordered text (docs/semantics/wire.md). Pure: time and entropy come in as numbers.

Alphanumeric ids start with 7 base62 digits of Unix milliseconds (good to 2081); hex ids are 11 hex digits of
milliseconds and a 7-digit counter. Digits sort in code-point order, so the order of ids is the order of making.
"""

from typing import Final

BASE62: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
PAIR: Final = 62 * 62
PAIRS: Final = [first + second for first in BASE62 for second in BASE62]
"""All two-digit numbers: bulk ids are put together from them."""
MILLIS_DIGITS: Final = 7
RUN_MAX: Final = 62**3
"""Ids in one millisecond."""
COUNTED_DIGITS: Final = MILLIS_DIGITS + 3
HEX_COUNTER_DIGITS: Final = 7
HEX_COUNTER_MAX: Final = 16**HEX_COUNTER_DIGITS

# Length of the part after the prefix, by prefix.
ALPHANUMERIC_LENGTHS: Final = {
    "pub_": 32, "v_": 32, "camp_": 24, "cust_": 24, "exp_": 24, "wh_": 24, "seg_": 24, "ms_": 24, "del_": 24,
    "distr_": 26, "proj_": 12, "val_": 12, "asgm_": 16, "user_": 16, "upl_": 24,
}  # fmt: skip
HEX_PREFIXES: Final = frozenset({"cat_", "aa_", "rh_", "vtx_", "tbe_", "whs_", "ev_", "msg_", "v-", "w-"})


# Two digits at a time: ids are made for every request.
_PAIRS: Final = tuple(high + low for high in BASE62 for low in BASE62)


_DIGITS: Final = bytes(BASE62.encode()[byte % 62] for byte in range(256))


def base62(number: int, digits: int) -> str:
    """`number` in base 62, exactly `digits` long: higher digits are cut off."""
    out = []
    for _ in range((digits + 1) // 2):
        number, pair = divmod(number, 3844)
        out.append(_PAIRS[pair])
    out.reverse()
    return "".join(out)[-digits:]


def alphanumeric_id(prefix: str, millis: int, tail: int) -> str:
    """`tail` fills what the milliseconds leave of the prefix's length."""
    return prefix + base62(millis, MILLIS_DIGITS) + base62(tail, ALPHANUMERIC_LENGTHS[prefix] - MILLIS_DIGITS)


def counted_id(prefix: str, head: str, run: int, entropy: bytes) -> str:
    """An id of a millisecond with the digits `head`: the `run`th in it, ending in a digit for each byte of `entropy`.

    A fifth of the price of `alphanumeric_id`, and every publication needs two. 256 is no multiple of 62: eight digits
    come a little more often, which 70 bits and more can spare.
    """
    return f"{prefix}{head}{_PAIRS[run // 62]}{BASE62[run % 62]}{entropy.translate(_DIGITS).decode()}"


def hex_id(prefix: str, millis: int, counter: int) -> str:
    return f"{prefix}{millis:011x}{counter % HEX_COUNTER_MAX:07x}"
