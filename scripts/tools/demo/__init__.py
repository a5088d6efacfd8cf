"""A real Home Assistant over simulated energy clouds."""
