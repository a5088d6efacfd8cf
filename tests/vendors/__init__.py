"""Tests of the vendor packages without Home Assistant, against the fake clouds."""
