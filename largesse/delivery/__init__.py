"""What leaves the building: signing, sending, backing off, recording attempts."""
