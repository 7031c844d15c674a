"""Set-ups that run as they stand; tests start them."""
