"""CPython's socketserver. Arguments: inline, threads or forking; tcp, udp or unix; a path."""

import signal
import socket
import socketserver
import sys
import threading
import time

from compute import compute

form, network, *path = sys.argv[1:]


def work(message):
    if message[:1] == b"s":
        time.sleep(0.01)
    elif message[:1] == b"c":
        compute()


class Stream(socketserver.BaseRequestHandler):
    def setup(self):
        if network == "tcp":
            self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)

    def handle(self):
        while message := self.request.recv(1024):
            work(message)
            self.request.sendall(message)


class Datagram(socketserver.BaseRequestHandler):
    def handle(self):
        message, server = self.request
        work(message)
        server.sendto(message, self.client_address)


FORMS = {
    "inline": [],
    "threads": [socketserver.ThreadingMixIn],
    "forking": [socketserver.ForkingMixIn],
}
NETWORKS = {
    "tcp": (socketserver.TCPServer, Stream),
    "udp": (socketserver.UDPServer, Datagram),
    "unix": (socketserver.UnixStreamServer, Stream),
}
base, handler = NETWORKS[network]


class Server(*FORMS[form], base):
    request_queue_size = 4096
    max_children = 2_000


with Server(path[0] if path else ("127.0.0.1", 0), handler) as server:
    # `shutdown` waits for the loop, which runs in this thread.
    stop = threading.Thread(target=server.shutdown)
    signal.signal(signal.SIGTERM, lambda *_: stop.start())
    address = server.server_address
    print(path[0] if path else "%s:%d" % address, flush=True)
    server.serve_forever()
