# Runs one side of a row: what stands before this is the row as the course has it, but for these two helpers.
import sys


def listening(s):
    print("listening on %s:%d" % s.getsockname())


def typed():
    """The course asks for input for ever; here it ends."""
    return (line.rstrip("\n") for line in sys.stdin)


socket.setdefaulttimeout(20)
role, address = sys.argv[1:]
host, port = address.rsplit(":", 1)
{"server": server, "client": client}[role]((host, int(port)))
