"""Pure rules: no I/O, no clock, no randomness; facts come in as arguments, a decision goes out."""
