"""Tests of the push client."""
