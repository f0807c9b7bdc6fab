"""Asks a DNS server at its UDP and its TCP address, with queries and replies coded by hand."""

import socket
import struct
import sys

DEADLINE = 20
A, AAAA, INTERNET, CHAOS = 1, 28, 1, 3


def query(name, kind=A, network=INTERNET, identity=7, flags=0x0100, questions=1):
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split(".") if label)
    header = struct.pack("!6H", identity, flags, questions, 0, 0, 0)
    return header + labels + b"\0" + struct.pack("!HH", kind, network)


def described(reply):
    """A reply in words. Everything that they do not show is asserted."""
    identity, flags, questions, answers, authorities, more = struct.unpack_from("!6H", reply)
    assert flags & 0x8000 and (authorities, more) == (0, 0), reply
    rest = reply[12:]
    if questions:
        end = rest.index(b"\0") + 5
        question, rest = rest[:end], rest[end:]
    addresses = []
    for _ in range(answers):
        name, kind, network, _, length = struct.unpack_from("!3HIH", rest)
        assert (name, kind, network, length) == (0xC00C, A, INTERNET, 4), reply
        assert question.endswith(struct.pack("!HH", A, INTERNET)), reply
        addresses.append(socket.inet_ntoa(rest[12:16]))
        rest = rest[16:]
    assert rest == b"", reply
    return f"id {identity} flags {flags:04x} questions {questions} addresses {addresses}"


def address(text):
    host, port = text.rsplit(":", 1)
    return host, int(port)


def over_udp(message, sock):
    sock.send(message)
    return described(sock.recv(65535))


def over_tcp(message, sock):
    sock.sendall(struct.pack("!H", len(message)) + message)
    with sock.makefile("rb") as rfile:
        return described(rfile.read(*struct.unpack("!H", rfile.read(2))))


udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.settimeout(DEADLINE)
udp.connect(address(sys.argv[1]))
tcp = socket.create_connection(address(sys.argv[2]), DEADLINE)
for ask, sock in [(over_udp, udp), (over_tcp, tcp)]:
    print(ask.__name__)
    print("known:", ask(query("example.test"), sock))
    print("two addresses:", ask(query("www.EXAMPLE.test", identity=65535), sock))
    print("no recursion wanted:", ask(query("example.test", flags=0), sock))
    print("unknown:", ask(query("nowhere.test"), sock))
    print("the root:", ask(query(""), sock))
    print("another type:", ask(query("example.test", kind=AAAA), sock))
    print("another network:", ask(query("example.test", network=CHAOS), sock))
    print("a label cut short:", ask(query("example.test")[:20], sock))
    print("no type:", ask(query("example.test")[:-1], sock))
    print("compressed:", ask(query("")[:12] + b"\xc0\x0c\0\1\0\1", sock))
    print("no question:", ask(query("example.test", questions=0), sock))
    print("an update:", ask(query("example.test", flags=0x2800), sock))
    print("an opinion added:", ask(query("example.test") + b"\0\0\x29\x10\0\0\0\0\0\0\0", sock))

# Data that is no query gets no answer: the next reply is the next query's.
for message in [b"", b"short", query("example.test", identity=1, flags=0x8100)]:
    udp.send(message)
print("after no query:", over_udp(query("example.test", identity=2), udp))
message = query("example.test", flags=0x8100)
tcp.sendall(struct.pack("!H", len(message)) + message)
print("the stream ends:", tcp.recv(1))

# Two queries at once, the second in pieces.
tcp = socket.create_connection(address(sys.argv[2]), DEADLINE)
message = query("example.test", identity=3)
both = (struct.pack("!H", len(message)) + message) * 2
tcp.sendall(both[:-10])
with tcp.makefile("rb") as rfile:
    print("the first:", described(rfile.read(*struct.unpack("!H", rfile.read(2)))))
    tcp.sendall(both[-10:])
    print("the second:", described(rfile.read(*struct.unpack("!H", rfile.read(2)))))
    tcp.shutdown(socket.SHUT_WR)
    print("then nothing:", rfile.read())
