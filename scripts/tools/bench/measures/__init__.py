"""Measurements; each runs in a fresh process of its own (`isolate.py`)."""
