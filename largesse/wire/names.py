"""How requests name things: by an id, a source_id, a code.

An empty or blank one names nothing, and must not be taken for one that is absent.
"""

from typing import Annotated, Final

import msgspec

from largesse.domain.customers import SOURCE_ID_LENGTH_MAX

NOT_BLANK: Final = r"\S"
"""A pattern: somewhere is something that isn't space."""
NAME_LENGTH_MAX: Final = 1_000
Ref = Annotated[str, msgspec.Meta(pattern=NOT_BLANK, max_length=NAME_LENGTH_MAX)]
Id = Annotated[str, msgspec.Meta(pattern=NOT_BLANK, max_length=SOURCE_ID_LENGTH_MAX)]
"""What we store, or look up among what we stored."""
