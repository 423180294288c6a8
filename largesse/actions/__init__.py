"""One verb per function: the transaction scripts."""
