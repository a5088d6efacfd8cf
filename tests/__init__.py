"""Tests of Joulekeeper."""
