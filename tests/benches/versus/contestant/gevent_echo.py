"""gevent. Arguments: tcp, udp or unix; a path."""

import socket
import sys

import gevent
from gevent.server import DatagramServer, StreamServer
from gevent.socket import socket as Socket

from compute import compute

network, *path = sys.argv[1:]


def work(message):
    if message[:1] == b"s":
        gevent.sleep(0.01)
    elif message[:1] == b"c":
        compute()


def stream(connection, _):
    if network == "tcp":
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
    while message := connection.recv(1024):
        work(message)
        connection.sendall(message)


class Datagrams(DatagramServer):
    def handle(self, message, client):
        work(message)
        self.sendto(message, client)


if network == "udp":
    server = Datagrams("127.0.0.1:0")
elif network == "tcp":
    server = StreamServer(("127.0.0.1", 0), stream, backlog=4096)
else:
    listener = Socket(socket.AF_UNIX)
    listener.bind(path[0])
    listener.listen(4096)
    server = StreamServer(listener, stream)
server.start()
print(path[0] if path else f"127.0.0.1:{server.server_port}", flush=True)
gevent.wait()
