"""Two servers of http.server: one says what its handler saw, the other has files."""

import functools
import sys
import threading
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer


def escaped(data):
    """As Rust's `escape_ascii` does it."""
    named = {9: "\\t", 10: "\\n", 13: "\\r", 34: '\\"', 39: "\\'", 92: "\\\\"}
    return "".join(
        named.get(byte) or (chr(byte) if 32 <= byte < 127 else "\\x%02x" % byte) for byte in data
    )


class Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        if self.path.startswith("/missing"):
            return self.send_error(404)
        words = [self.command, escaped(self.path.encode("latin-1"))]
        if not self.path.startswith("/unread"):
            length = int(self.headers.get("Content-Length", 0))
            body = self.rfile.read(length)
            words.append(escaped(body[:80]))
            if len(body) > 80:
                words.append("of %d" % len(body))
        host, mark = self.headers.get("Host"), self.headers.get("X")
        if host not in (None, "a"):
            words.append("host=" + escaped(host.encode("latin-1")))
        if mark is not None:
            words.append("x=" + escaped(mark.encode("latin-1")[:80]))
        body = " ".join(word for word in words if word).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_OPTIONS = answer


class Files(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"


for handler in Echo, functools.partial(Files, directory=sys.argv[1]):
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print("listening on 127.0.0.1:%d" % server.server_port)
sys.stdin.read()
