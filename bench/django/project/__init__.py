"""The reference of `make bench`: the same job as a good Django developer would do it."""
