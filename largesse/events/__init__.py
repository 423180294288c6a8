"""The event catalogue and the outbox."""
