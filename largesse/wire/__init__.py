"""The contract's shapes: JSON to typed input, record to JSON. No I/O."""
