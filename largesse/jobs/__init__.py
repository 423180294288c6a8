"""The worker and its handlers, which call actions in chunks."""
