"""Tests of the Redback package."""
