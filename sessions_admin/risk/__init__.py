"""What makes a session suspicious: pure functions over what was seen, and a tenant's rules.

`judging.judge` is the one composition of the detectors; a sign-in, a session that moves and the
back-test all ask it. Standard library only.
"""
