"""Random trouble for a whole Home Assistant and its cloud, and whether all ends well."""
