"""Largesse hands voucher codes to customers and never hands the same one out twice."""

__version__ = "0.1.0"
