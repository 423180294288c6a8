"""Routes and middleware, one file per resource; owns the transaction edge."""
