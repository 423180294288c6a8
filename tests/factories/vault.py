"""What an installation of the tests seals with."""

from typing import Final

from largesse.store.vault import Vault

VAULT: Final = Vault("0123456789abcdef0123456789abcdef")
