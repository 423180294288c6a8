"""`python -m largesse`."""

from largesse.runtime.main import main

main()
