"""Who is asking, from where, and what the one SELECT knows of them."""
