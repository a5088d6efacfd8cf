"""The vendor-neutral core: pure logic, no Home Assistant, standard library only."""
