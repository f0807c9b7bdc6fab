"""CPython's http.server. Arguments: what it serves, and the folder of its files."""

import functools
import http.server
import sys

service, *folder = sys.argv[1:]


class Hello(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = b"Hello, world!\n"
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Files(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 4096


handler = functools.partial(Files, directory=folder[0]) if folder else Hello
with Server(("127.0.0.1", 0), handler) as server:
    print("%s:%d" % server.server_address, flush=True)
    server.serve_forever()
