"""What programs hold instead of a cookie: tokens and API keys, and what signs them."""
