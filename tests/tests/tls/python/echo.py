"""An echo in lower case, as that of CPython's `test_ssl`: with TLS at once, or after STARTTLS."""

import socketserver
import ssl
import sys

context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])


class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        while data := self.request.recv(1024):
            if data == b"over\n":
                return
            if data == b"STARTTLS\n":
                self.request.sendall(b"OK\n")
                self.request = context.wrap_socket(self.request, server_side=True)
            else:
                self.request.sendall(data.lower())


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def finish_request(self, request, client_address):
        if sys.argv[3] == "tls":
            request = context.wrap_socket(request, server_side=True)
        super().finish_request(request, client_address)


with Server(("127.0.0.1", 0), Echo) as server:
    print(server.server_address[1], flush=True)
    server.serve_forever()
