"""Real third-party clients, run against the fake clouds."""
