import socket
import socketserver
from threading import current_thread


class MyHandler(socketserver.BaseRequestHandler):
    def handle(self):
        print(self)
        print(self.server)
        print(self.client_address)
        print(self.request)
        print(current_thread())
        data = self.request[0]
        print(data.decode("utf-8"))
        self.request[1].sendto(b"i am server", self.client_address)


def server(address):
    server = socketserver.ThreadingUDPServer(address, MyHandler)
    listening(server.socket)
    server.serve_forever()


def client(address):
    c = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for msg in typed():
        c.sendto(msg.encode("utf-8"), address)
        print(c.recvfrom(1024)[0].decode("utf-8"))
