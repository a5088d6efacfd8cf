"""The client of a retailer of wholesale prices."""
