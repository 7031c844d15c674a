"""What the session layer costs, beside Django's own: `python -m bench --help`."""
