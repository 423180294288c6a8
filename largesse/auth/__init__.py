"""Credentials to callers; rate limits."""
