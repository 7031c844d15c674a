"""Numbers as shapes; templates draw them. Pure."""
