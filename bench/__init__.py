"""`make bench`: what the machine it runs on can do. Reported, never asserted."""
