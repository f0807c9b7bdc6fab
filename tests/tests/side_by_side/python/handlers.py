"""Python's handlers, which take the steps that the words list. Ours are in `handlers.rs`."""

import socket
import socketserver
import time

from hooks import beside
from trace import trace
from words import Fault, fault, words


class Steps:
    """The steps that handlers of streams and of datagrams share."""

    def setup(self):
        trace("setup")
        fault("setup")
        super().setup()

    def handle(self):
        trace("handle")
        for step in words.get("handle", "upper").split(","):
            self.take(step)
        if words.get("fault") in ("handle", "handle_panic", "handle_error"):
            raise Fault

    def finish(self):
        trace("finish")
        fault("finish")
        super().finish()

    def take(self, step):
        name, _, argument = step.partition(":")
        if not name.startswith("?"):
            return getattr(self, name)(argument)
        try:
            self.take(step[1:])
        except Exception as error:
            trace(f"caught({type(error).__name__})")

    def say(self, data):
        self.wfile.write(b"%d:%s;" % (len(data), data))

    def upper(self, _):
        self.wfile.write(self.rfile.readline().upper())

    def readline(self, limit):
        self.say(self.rfile.readline(int(limit or -1)))

    def read(self, size):
        self.say(self.rfile.read(int(size or -1)))

    def lines(self, _):
        for line in self.rfile:
            self.say(line)

    def write(self, text):
        self.wfile.write(self.data(text))

    def flush(self, _):
        self.wfile.flush()

    def wait(self, word):
        assert trace.wait(word), word

    def trace(self, text):
        trace(text)

    def address(self, _):
        client = self.client_address
        trace(f"server={self.server.server_address!r}", "address")
        trace(f"client={client!r}", "address")
        if isinstance(client, tuple):
            trace(f"host={client[0]} port={client[1]}", "address")

    def shutdown(self, _):
        self.server.shutdown()
        trace("shutdown.returned")

    def nothing(self, _):
        pass

    @staticmethod
    def data(text):
        return b"x" * int(text[1:]) if text.startswith("*") else text.encode()


class Stream(Steps, socketserver.StreamRequestHandler):
    def recv(self, size):
        self.say(self.request.recv(int(size)))

    def send(self, text):
        self.request.sendall(self.data(text))

    def close(self, _):
        self.request.close()

    def nodelay(self, _):
        option = self.request.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        self.wfile.write(b"on" if option else b"off")

    def keep(self, word):
        connection = socket.socket(fileno=self.request.detach())

        def go_on():
            trace.wait(word)
            connection.sendall(b"later")
            connection.close()

        beside(go_on)


class Datagram(Steps, socketserver.DatagramRequestHandler):
    def size(self, _):
        self.wfile.write(b"%d" % len(self.packet))

    def closed(self, _):
        """Waits until the server's own socket is closed, for a second at most."""
        end = time.monotonic() + 1
        while self.socket.fileno() >= 0 and time.monotonic() < end:
            time.sleep(0.001)


class Bare(Steps, socketserver.BaseRequestHandler):
    """Uses the socket directly."""

    def upper(self, _):
        if self.server.socket_type == socket.SOCK_STREAM:
            self.request.sendall(self.request.recv(1024).upper())
        else:
            data, server_socket = self.request
            server_socket.sendto(data.upper(), self.client_address)


def make_handler(stream):
    handler = Bare if words.get("handler") == "bare" else Stream if stream else Datagram
    for name in ("rbufsize", "wbufsize"):
        if name in words:
            setattr(handler, name, int(words[name]))
    if "timeout" in words:
        handler.timeout = float(words["timeout"])
    handler.disable_nagle_algorithm = "disable_nagle_algorithm" in words
    return handler
