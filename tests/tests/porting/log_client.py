"""Logs with the handlers of Python's `logging`, to a receiver of records and one of syslog."""

import json
import logging
import logging.handlers
import socket
import sys

DEADLINE = 20
LONGEST_RECORD = 1024 * 1024


def address(text):
    host, port = text.rsplit(":", 1)
    return host, int(port)


class JsonHandler(logging.handlers.SocketHandler):
    """Sends a line of JSON where its base sends a pickle."""

    def makePickle(self, record):
        if record.exc_info:
            # That sets `exc_text`.
            self.format(record)
        texts = {"msg": record.getMessage(), "args": None, "exc_info": None}
        return line(record.__dict__ | texts)


def fixed(record):
    """Makes two runs send the same."""
    record.created = 1700000000.0625
    return True


def record(text):
    return {"name": "by.hand", "levelname": "NOTICE", "created": 2.5, "lineno": -1,
            "filename": "none", "msg": text}


def line(attributes):
    return json.dumps(attributes).encode() + b"\n"


def send(data):
    """Sends it over a fresh connection, and waits until the receiver ends that."""
    with socket.create_connection(records, DEADLINE) as sock:
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
        assert sock.recv(1) == b"", "a receiver says nothing"


records, syslog = address(sys.argv[1]), address(sys.argv[2])
logger = logging.getLogger("program.part")
logger.setLevel(logging.DEBUG)
logger.addFilter(fixed)

record_handler = JsonHandler(*records)
logger.addHandler(record_handler)
logger.info("plain")
logger.debug("%s and %d, %.1f, %r", "arguments", 2, 3.5, None)
logger.warning("été €\U0001f600\nand a second line")
logger.info("two\n9.000 CRITICAL by.hand none:1 facility forged")
logger.error("long " + "x" * 10_000)
logger.error("last", stack_info=True)
try:
    {}["missing"]
except KeyError:
    logger.exception("failed")
more = {
    "nothing": None, "yes": True, "no": False, "pair": ("shared", 1), "none": (),
    "many": tuple(range(9)), "list": [1, [2, [3]]], "empty": [],
    "dict": {"msg": "inner", "more": {}},
    "small": -1, "word": 65535, "int": -(2**31), "long": 2**40, "minus": -(2**40), "huge": 2**100,
    "float": -1e300,
}
logger.critical("with more", extra={f"more_{key}": value for key, value in more.items()})
logger.critical("with much more", extra={f"more_{number}": str(number) for number in range(1000)})
send(line(record("with more") | more | {"exc_text": None}))

# Data that is no record ends its own connection, and not that of `record_handler`.
whole = line(record("whole"))
for data in [
    b"\0",
    b"\n",
    b" " * LONGEST_RECORD,
    whole[:-1],
    b"no record\n",
    b"null\n",
    b"[1]\n",
    b'"text"\n',
    b'"\xff"\n',
    b"[" * 100_000 + b"\n",
    b'{"msg":' * 100_000 + b"\n",
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
    for data in [
        b"", b"no priority", b"<", b"<>text", b"<x>text", b"<-1>text", b"<9999>text", b"\xff",
    ]:
        sock.sendto(data, syslog)
logger.info("still there")
logger.critical("the end")
# The receiver has an open connection when it ends.
sys.stdin.read()
