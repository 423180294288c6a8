"""House rules that linters don't know. `python -m checks` exits 1 and names file and line."""
