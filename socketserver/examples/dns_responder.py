"""Answers DNS queries for IPv4 addresses from a zone, over UDP and over TCP.

    python3 dns_responder.py 127.0.0.1:5353
    dig @127.0.0.1 -p 5353 www.example.test
    dig @127.0.0.1 -p 5353 +tcp www.example.test
"""

import socket
import socketserver
import struct
import sys
import threading

ZONE = {
    "example.test": ["192.0.2.1"],
    "www.example.test": ["192.0.2.2", "192.0.2.3"],
}
RESPONSE = 0x8000
OPCODE = 0x7800
AUTHORITATIVE = 0x0400
RECURSION_DESIRED = 0x0100
NOERROR = 0
FORMERR = 1
NXDOMAIN = 3
NOTIMP = 4
ADDRESS = 1
INTERNET = 1
HEADER_SIZE = 12
TIME_TO_LIVE = 300
IDLE = 10


def read_name(query, position):
    """The name at that position, and where it ends."""
    labels = []
    while length := query[position]:
        if length > 63:
            raise ValueError("compressed, which no question needs to be")
        labels.append(query[position + 1:position + 1 + length].decode(errors="replace").lower())
        position += 1 + length
    return ".".join(labels), position + 1


def look_up(query, zone):
    """The content of the reply: its code, the question, and the addresses."""
    try:
        flags, questions = struct.unpack_from("!HH", query, 2)
        if flags & OPCODE:
            return NOTIMP, b"", []
        name, end = read_name(query, HEADER_SIZE)
        asked = struct.unpack_from("!HH", query, end)
        if questions != 1:
            return FORMERR, b"", []
    except (IndexError, ValueError, struct.error):
        return FORMERR, b"", []
    question = query[HEADER_SIZE:end + 4]
    if name not in zone:
        return NXDOMAIN, question, []
    return NOERROR, question, zone[name] if asked == (ADDRESS, INTERNET) else []


def reply_to(query, zone):
    """The reply to a query, or None if the data is no query."""
    if len(query) < HEADER_SIZE or query[2] & RESPONSE >> 8:
        return None
    code, question, addresses = look_up(query, zone)
    identity, flags = struct.unpack_from("!HH", query)
    flags = RESPONSE | AUTHORITATIVE | flags & (OPCODE | RECURSION_DESIRED) | code
    counts = (1 if question else 0, len(addresses), 0, 0)
    reply = struct.pack("!6H", identity, flags, *counts) + question
    for address in addresses:
        # The name is the question's, which stands right behind the header.
        name = 0xC000 | HEADER_SIZE
        reply += struct.pack("!3HIH", name, ADDRESS, INTERNET, TIME_TO_LIVE, 4)
        reply += socket.inet_aton(address)
    return reply


class DNSHandler(socketserver.BaseRequestHandler):
    def handle(self):
        if self.server.socket_type == socket.SOCK_DGRAM:
            query, sock = self.request
            if reply := reply_to(query, self.server.zone):
                sock.sendto(reply, self.client_address)
        else:
            self.request.settimeout(IDLE)
            with self.request.makefile("rb") as rfile:
                while prefix := rfile.read(2):
                    query = rfile.read(*struct.unpack("!H", prefix))
                    reply = reply_to(query, self.server.zone)
                    if reply is None:
                        break
                    self.request.sendall(struct.pack("!H", len(reply)) + reply)


class DNSUDPServer(socketserver.UDPServer):
    zone = ZONE


class DNSTCPServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    zone = ZONE


def main():
    host, port = sys.argv[1].rsplit(":", 1)
    with (
        DNSUDPServer((host, int(port)), DNSHandler) as udp,
        DNSTCPServer((host, int(port)), DNSHandler) as tcp,
    ):
        print("udp {}:{}".format(*udp.server_address))
        print("tcp {}:{}".format(*tcp.server_address))
        threading.Thread(target=udp.serve_forever, daemon=True).start()
        try:
            tcp.serve_forever()
        except KeyboardInterrupt:
            udp.shutdown()


if __name__ == "__main__":
    main()
