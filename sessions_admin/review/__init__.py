"""Sessions as they are reviewed: what is held open, what is worth noticing, why one ended."""
