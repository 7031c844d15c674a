"""Suspicious sessions: what was seen and found, in rows, in words and as a story."""
