"""A tenant's people: the list, its filters, what may be done to them."""
