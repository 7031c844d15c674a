"""The JSON API: another door to what the pages do, for programs."""
