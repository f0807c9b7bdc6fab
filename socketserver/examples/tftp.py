"""Serves the files of a folder by TFTP (RFC 1350), for reading only.

    python3 tftp.py 127.0.0.1:6969 folder
    curl tftp://127.0.0.1:6969/name
"""

import pathlib
import socket
import socketserver
import struct
import sys

READ, DATA, ACKNOWLEDGEMENT, ERROR = 1, 3, 4, 5
NOT_FOUND, ILLEGAL = 1, 4
BLOCK_SIZE = 512
TRIES = 5
PATIENCE = 1


class Refusal(Exception):
    """The code and the text of an error that the client is told."""


def packet(opcode, number, rest=b""):
    return struct.pack("!HH", opcode, number) + rest


def name_asked_for(request):
    """The file's name in a request to read it."""
    opcode, name, mode, *_ = request[:2], *request[2:].split(b"\0"), b"", b""
    if opcode != struct.pack("!H", READ):
        raise Refusal(ILLEGAL, "files can only be read")
    if mode.lower() != b"octet":
        raise Refusal(ILLEGAL, "expected the mode octet")
    return name.decode(errors="replace")


def send_block(conversation, number, block):
    """Sends a block until the client acknowledges it."""
    for _ in range(TRIES):
        conversation.send(packet(DATA, number, block))
        try:
            # Late acknowledgements of earlier blocks are passed over.
            while (reply := conversation.recv(BLOCK_SIZE)) != packet(ACKNOWLEDGEMENT, number):
                if reply.startswith(struct.pack("!H", ERROR)):
                    raise ConnectionAbortedError("the client has given up")
            return
        except TimeoutError:
            pass
    raise TimeoutError("the client is silent")


class Transfer(socketserver.BaseRequestHandler):
    def handle(self):
        # The conversation has a port of its own, which tells it from all others.
        with socket.socket(self.server.address_family, socket.SOCK_DGRAM) as conversation:
            conversation.bind((self.server.server_address[0], 0))
            conversation.connect(self.client_address)
            conversation.settimeout(PATIENCE)
            try:
                with self.server.open(name_asked_for(self.request[0])) as file:
                    self.send_file(conversation, file)
            except Refusal as refusal:
                code, text = refusal.args
                conversation.send(packet(ERROR, code, text.encode() + b"\0"))

    def send_file(self, conversation, file):
        number, block = 0, bytes(BLOCK_SIZE)
        while len(block) == BLOCK_SIZE:
            number, block = number + 1 & 0xFFFF, file.read(BLOCK_SIZE)
            send_block(conversation, number, block)


class Files(socketserver.ThreadingUDPServer):
    daemon_threads = True

    def __init__(self, address, folder):
        self.folder = pathlib.Path(folder).resolve(strict=True)
        super().__init__(address, Transfer)

    def open(self, name):
        path = (self.folder / name.lstrip("/")).resolve()
        if not path.is_relative_to(self.folder) or not path.is_file():
            raise Refusal(NOT_FOUND, "no such file")
        return path.open("rb")


def main():
    host, port = sys.argv[1].rsplit(":", 1)
    with Files((host, int(port)), sys.argv[2]) as server:
        print("listening on {}:{}".format(*server.server_address))
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
