"""Settings, the embedded PostgreSQL, pools and wiring: the only room that knows all others."""
