"""Sends commands to the store of keys and values, and prints its replies."""

import socket
import sys
import time

DEADLINE = 20


def client():
    host, port = sys.argv[1].rsplit(":", 1)
    sock = socket.create_connection((host, int(port)), DEADLINE)
    return sock, sock.makefile("rb")


def say(line):
    sock.sendall(line + b"\n")
    return rfile.readline().decode().rstrip("\n")


sock, rfile = client()
for line in [
    b"COUNT",
    b"SET colour green",
    b"GET colour",
    b"  SET  colour \t blue  \r",
    b"GET colour",
    b"SET word \xc3\xa9t\xc3\xa9 1000",
    b"GET word",
    b"COUNT",
    b"DEL word",
    b"DEL word",
    b"GET word",
    b"SET colour green soon",
    b"SET colour green -1",
    b"SET colour green 0",
    b"SET colour green nan",
    b"SET colour green 1e300",
    b"SET colour",
    b"set colour green",
    b"\xff\xfe",
    b"",
    b"GET colour",
]:
    print(line, "->", say(line))

# An expired key is gone at once for GET, and soon for COUNT.
print("short:", say(b"SET short lived 0.05"))
end = time.monotonic() + DEADLINE
while say(b"GET short") != "NONE" or say(b"COUNT") != "COUNT 1":
    assert time.monotonic() < end, "expired keys are never removed"
    time.sleep(0.005)
print("expired:", say(b"GET short"), say(b"COUNT"))

# A line that is too long ends its own connection.
long_sock, long_rfile = client()
long_sock.sendall(b"x" * 1024)
print("too long:", long_rfile.read().decode().rstrip("\n"))

# All clients share the store.
first, first_rfile = sock, rfile
sock, rfile = client()
print("another client:", say(b"GET colour"))
print("stop:", say(b"STOP"))
