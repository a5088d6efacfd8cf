"""Random trouble for a whole Home Assistant, and whether it would be noticed."""
