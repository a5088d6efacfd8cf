"""Whole Home Assistant against the fake clouds, through the real config flow."""
