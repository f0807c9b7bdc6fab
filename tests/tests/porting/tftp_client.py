"""Reads files from a TFTP server, with packets coded by hand, as clients do and as they should not."""

import hashlib
import socket
import struct
import sys

DEADLINE = 20
READ, WRITE, DATA, ACKNOWLEDGEMENT, ERROR = 1, 2, 3, 4, 5


def request(opcode=READ, name=b"odd", mode=b"octet"):
    return struct.pack("!H", opcode) + name + b"\0" + mode + b"\0"


class Client:
    """A client of one transfer. The server answers from a port that is the transfer's alone."""

    def __init__(self, packet):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(DEADLINE)
        self.socket.sendto(packet, server)
        self.other = None

    def receive(self):
        packet, other = self.socket.recvfrom(1024)
        assert other[0] == server[0] and other[1] != server[1], other
        assert self.other in (None, other), (self.other, other)
        self.other = other
        opcode, number = struct.unpack_from("!HH", packet)
        return opcode, number, packet[4:]

    def acknowledge(self, number):
        self.socket.sendto(struct.pack("!HH", ACKNOWLEDGEMENT, number), self.other)

    def rest(self, first=1):
        """The file from this block on."""
        content, number, block = b"", first - 1, bytes(512)
        while len(block) == 512:
            opcode, given, block = self.receive()
            number += 1
            assert (opcode, given) == (DATA, number), (opcode, given, number)
            content += block
            self.acknowledge(number)
        return content

    def ends(self):
        """Whether no more comes."""
        self.socket.settimeout(1.5)
        try:
            return self.receive()
        except TimeoutError:
            return "nothing more"


def described(content):
    return f"{len(content)} bytes, {hashlib.sha256(content).hexdigest()[:8]}"


def refusal(what, packet):
    opcode, code, text = Client(packet).receive()
    assert opcode == ERROR, opcode
    print(f"{what}: {code} {text}")


host, port = sys.argv[1].rsplit(":", 1)
server = host, int(port)

for name in [b"odd", b"even", b"empty", b"long", b"inner/file", b"/odd", b"inner/../odd"]:
    print(f"{name.decode()}:", described(Client(request(name=name)).rest()))
print("any case:", described(Client(request(mode=b"OcTeT")).rest()))
print("with options:", described(Client(request() + b"blksize\x001024\0").rest()))

refusal("no file", request(name=b"nothing"))
refusal("a folder", request(name=b"inner"))
refusal("the folder", request(name=b""))
refusal("outside", request(name=b"../secret"))
refusal("by a link", request(name=b"link"))
refusal("text mode", request(mode=b"netascii"))
refusal("no mode", b"\0\1odd")
refusal("to write", request(WRITE))
refusal("no request", b"x")
refusal("an empty datagram", b"")

both = Client(request(name=b"long")), Client(request(name=b"even"))
parts = [client.receive()[2] for client in both]
for client in both:
    client.acknowledge(1)
for what, client, part in zip(["long", "even"], both, parts):
    print(f"{what} beside another:", described(part + client.rest(2)))

lossy = Client(request(name=b"even"))
first, again = lossy.receive(), lossy.receive()
assert first == again, (first, again)
lossy.acknowledge(0)
lossy.acknowledge(7)
lossy.acknowledge(1)
lossy.acknowledge(1)
second = lossy.receive()
print("a block is sent again:", first[1], again[1], second[1])
lossy.acknowledge(2)
print("the last one is empty:", lossy.receive()[1:])
lossy.acknowledge(3)
print("at the end:", lossy.ends())

unwilling = Client(request(name=b"long"))
unwilling.receive()
unwilling.socket.sendto(struct.pack("!HH", ERROR, 3) + b"disk full\0", unwilling.other)
print("after an error:", unwilling.ends())

gone = Client(request(name=b"long"))
gone.receive()
gone.acknowledge(1)
gone.socket.close()

print("after all:", described(Client(request()).rest()))
