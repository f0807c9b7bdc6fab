"""Python's side: forks a server for every line of standard input. Ours is in `server.rs`."""

import os
import signal
import socket
import socketserver
import threading
import traceback

from handlers import make_handler
from hooks import Hooks, beside, others
from trace import LIMIT, trace
from words import words


def make_server():
    transports = {
        "tcp": socketserver.TCPServer,
        "udp": socketserver.UDPServer,
        "unix_stream": socketserver.UnixStreamServer,
        "unix_datagram": socketserver.UnixDatagramServer,
    }
    mixins = {
        "plain": (),
        "threading": (socketserver.ThreadingMixIn,),
        "forking": (socketserver.ForkingMixIn,),
        # Python has none; a thread is the nearest.
        "green": (socketserver.ThreadingMixIn,),
    }
    transport = transports[words["transport"]]
    Server = type("Server", (Hooks, *mixins[words["concurrency"]], transport), {})
    address = words["address"]
    if transport in (socketserver.TCPServer, socketserver.UDPServer):
        host, _, port = address.rpartition(":")
        if host.startswith("["):
            Server.address_family = socket.AF_INET6
        address = (host.strip("[]"), int(port))
    elif address.startswith("@"):
        address = "\0" + address[1:]
    if "server_timeout" in words:
        Server.timeout = float(words["server_timeout"])
    if "max_packet_size" in words:
        Server.max_packet_size = int(words["max_packet_size"])
    if "daemon_threads" in words:
        Server.daemon_threads = True
    if "no_block_on_close" in words:
        Server.block_on_close = False
    return Server(address, make_handler(transport.socket_type == socket.SOCK_STREAM))


def serve(server, _):
    server.loops += 1
    server.stopping = False
    again = f"#{server.loops}" if server.loops > 1 else ""
    loop("serve_forever" + again, lambda: server.serve_forever(0.01))


def handle_request(server, _):
    loop("handle_request", server.handle_request)


def loop(name, run):
    trace.loop = threading.get_ident()
    try:
        run()
        trace(f"{name}.returned", "end")
    except Exception:
        traceback.print_exc()
        trace(f"{name}.raised", "end")
    trace.loop = None


def bind(server, _):
    try:
        type(server)(server.server_address, server.RequestHandlerClass)
        trace("bind.returned")
    except OSError:
        trace("bind.raised")


def soon(_, word):
    trace(f"soon:{word}={'yes' if trace.wait(word, 1) else 'no'}")


def shutdown(server, _):
    server.shutdown()
    trace("shutdown.returned")


def close(server, _):
    server.server_close()
    trace("server_close.returned")


MAIN = {
    "serve": serve,
    "handle_request": handle_request,
    "shutdown": shutdown,
    "close": close,
    "bind": bind,
    "soon": soon,
    "wait": lambda server, word: trace.wait(word),
    "gate": lambda server, _: os.read(0, 100),
    "fileno": lambda server, _: trace("fileno=-1" if server.fileno() == -1 else "fileno=open"),
    "file": lambda server, _: trace(f"file={os.path.exists(server.server_address)}"),
    "exit": lambda server, _: os._exit(0),
}


def run():
    server = make_server()
    address = server.server_address
    if isinstance(address, tuple):
        host = f"[{address[0]}]" if ":" in address[0] else address[0]
        address = f"{host}:{address[1]}"
    elif isinstance(address, bytes):
        address = "@" + address[1:].decode()
    print("address", address, flush=True)
    for step in words.get("main", "gate,serve,close").split(","):
        name, _, argument = step.lstrip("&").partition(":")
        if step.startswith("&"):
            beside(lambda name=name, argument=argument: MAIN[name](server, argument))
        else:
            MAIN[name](server, argument)
    for thread in others:
        thread.join()


while line := os.read(0, 65536):
    child = os.fork()
    if child == 0:
        status = 1
        try:
            # Ends a server that hangs.
            signal.alarm(3 * LIMIT)
            words.update(word.split("=", 1) for word in line.decode().split())
            trace.open(words["trace"])
            run()
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    print("ended", os.waitstatus_to_exitcode(status), flush=True)
