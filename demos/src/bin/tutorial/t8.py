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
        while True:
            data = self.request.recv(1024)
            print(data.decode("utf-8"))
            self.request.send(data.upper())


def server(address):
    server = socketserver.ThreadingTCPServer(address, MyHandler)
    listening(server.socket)
    server.serve_forever()


def client(address):
    c = socket.socket()
    c.connect(address)
    for msg in typed():
        c.send(msg.encode("utf-8"))
        print(c.recv(1024).decode("utf-8"))
