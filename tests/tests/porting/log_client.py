"""Logs with the handlers of Python's `logging`, to a receiver of records and one of syslog."""

import logging
import logging.handlers
import pickle
import socket
import struct
import sys

DEADLINE = 20


def address(text):
    host, port = text.rsplit(":", 1)
    return host, int(port)


def fixed(record):
    """Two runs must send the same."""
    record.created = 1700000000.0625
    return True


def record(text):
    return {"name": "by.hand", "levelname": "NOTICE", "created": 2.5, "lineno": -1, "filename": "none", "msg": text}


def send(data):
    """Sends it on a connection of its own, and waits until the receiver ends that."""
    with socket.create_connection(records, DEADLINE) as sock:
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
        assert sock.recv(1) == b"", "a receiver says nothing"


def framed(data):
    return struct.pack("!I", len(data)) + data


records, syslog = address(sys.argv[1]), address(sys.argv[2])
logger = logging.getLogger("program.part")
logger.setLevel(logging.DEBUG)
logger.addFilter(fixed)

record_handler = logging.handlers.SocketHandler(*records)
logger.addHandler(record_handler)
logger.info("plain")
logger.debug("%s and %d, %.1f, %r", "arguments", 2, 3.5, None)
logger.warning("été €\U0001f600\nand a second line")
logger.error("long " + "x" * 10_000)
logger.error("last", stack_info=True)
try:
    {}["missing"]
except KeyError:
    logger.exception("failed")
pair = ("shared", 1)
more = {
    "nothing": None, "yes": True, "no": False, "pair": pair, "again": pair, "triple": (1, 2, 3), "none": (),
    "many": tuple(range(9)), "one": (1,), "list": [1, [2, [3]]], "single": [1], "empty": [], "dict": {"msg": "inner", "more": {}},
    "small": -1, "byte": 255, "word": 65535, "int": -(2**31), "long": 2**40, "minus": -(2**40), "huge": 2**100,
    "float": -1e300, "exc_text": None,
}
more["list"].append(more["list"])
logger.critical("with more", extra={f"more_{key}": value for key, value in more.items() if key != "exc_text"})
logger.critical("with much more", extra={f"more_{number}": str(number) for number in range(1000)})
for protocol in range(1, pickle.HIGHEST_PROTOCOL + 1):
    send(framed(pickle.dumps(record(f"protocol {protocol}") | more, protocol)))

# What is no record costs its own connection: that of `record_handler` lives on.
whole = framed(pickle.dumps(record("whole"), 1))
for data in [
    b"\0",
    b"\0\0\0\0",
    b"\xff\xff\xff\xff",
    whole[:-1],
    framed(b"no pickle"),
    framed(pickle.dumps([1], 1)),
    framed(pickle.dumps("text", 1)),
    framed(pickle.dumps(record(print), 1)),
    framed(b"cos\nsystem\n(X\4\0\0\0exittR."),
    framed(b"(" * 100_000),
    framed(b"]" * 100_000 + b"a" * 99_999 + b"."),
]:
    send(data)
    send(whole)
    logger.info("still there")
logger.removeHandler(record_handler)

handler = logging.handlers.SysLogHandler(syslog)
logger.addHandler(handler)
for level in [logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL]:
    logger.log(level, "level %d", level)
handler.facility = handler.LOG_LOCAL7
logger.info("été\nand a second line")
handler.append_nul = False
logger.info("without a zero byte")
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
    for data in [b"", b"no priority", b"<", b"<>text", b"<x>text", b"<-1>text", b"<9999>text", b"\xff"]:
        sock.sendto(data, syslog)
logger.info("still there")
logger.critical("the end")
# The receiver has an open connection when it ends.
sys.stdin.read()
