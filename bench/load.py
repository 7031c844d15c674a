"""A browser park in one process: keep-alive connections that ask as fast as they are answered.

    python -m bench.load PORT SECONDS CONNECTIONS < requests

reads whole requests, separated by NUL, asks for them in turn, and prints how many answers of each
status it got as JSON.
"""

import json
import selectors
import socket
import sys
import time
from collections import Counter
from itertools import cycle

HEAD_END = b"\r\n\r\n"


def main() -> None:
    port, seconds, connections = int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
    requests = cycle(sys.stdin.buffer.read().split(b"\0"))
    counted: Counter[str] = Counter()
    selector = selectors.EpollSelector()
    for _ in range(connections):
        wire = socket.create_connection(("127.0.0.1", port))
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(wire, selectors.EVENT_READ)
        wire.sendall(next(requests))
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for key, _ in selector.select():
            ready = key.fileobj
            assert isinstance(ready, socket.socket)
            counted[_whole(ready)[9:12].decode()] += 1
            ready.sendall(next(requests))
    json.dump(counted, sys.stdout)


def _whole(wire: socket.socket) -> bytes:
    """One answer; they are small and nearly always arrive in one piece."""
    received = wire.recv(65536)
    while not _is_complete(received):
        piece = wire.recv(65536)
        if not piece:
            sys.exit(f"The server hung up after {received[:200]!r}")
        received += piece
    return received


def _is_complete(received: bytes) -> bool:
    head, found, body = received.partition(HEAD_END)
    if not found:
        return False
    _, named, rest = head.lower().partition(b"content-length: ")
    if not named:
        sys.exit(f"An answer without its length: {head!r}")
    return len(body) >= int(rest.split(b"\r\n", 1)[0])


if __name__ == "__main__":
    main()
