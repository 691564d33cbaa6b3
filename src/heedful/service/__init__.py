"""What listens: services for other programs on this machine."""
