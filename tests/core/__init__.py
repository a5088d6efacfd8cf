"""Tests of the vendor-neutral core: pure logic, by example and by property."""
