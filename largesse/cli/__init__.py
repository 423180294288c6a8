"""Operator verbs, thin over actions."""
