"""A tiny application that shows who asks; it knows nothing of sessions.

    python3 app.py [PORT]

It believes the Remote-… headers because only the proxy reaches it: it listens on loopback alone.
One that others can reach must check the token in Remote-Identity instead (docs/integrate.md).
"""

import json
import sys
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PAGE = """<!doctype html>
<html lang="en">
<title>A tiny application</title>
<h1>Hello {name}</h1>
<table>{rows}</table>
<form method="post" action="/.latchkey/sign-out"><button>Log out everywhere</button></form>
"""


class Application(BaseHTTPRequestHandler):
    """Answers every address with what it was told."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path.startswith("/headers.json"):
            self.answer("application/json", json.dumps(self.headers.items()))
            return
        rows = [
            f"<tr><th>{escape(name)}<td>{escape(value)}"
            for name, value in self.headers.items()
            if name.lower().startswith("remote-")
        ]
        name = escape(self.headers.get("Remote-Name") or "whoever you are")
        self.answer("text/html; charset=utf-8", PAGE.format(name=name, rows="".join(rows)))

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.do_GET()

    def answer(self, kind: str, text: str) -> None:
        body = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 9000
    print(f"The application listens on http://127.0.0.1:{port}; ask for it through the proxy.")
    ThreadingHTTPServer(("127.0.0.1", port), Application).serve_forever()
