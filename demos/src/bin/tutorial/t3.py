import socket


def server(address):
    s = socket.socket(type=socket.SOCK_DGRAM)
    s.bind(address)
    listening(s)
    while True:
        res = s.recv(1024)
        print(res)


def client(address):
    c = socket.socket(type=socket.SOCK_DGRAM)
    for msg in typed():
        c.sendto(msg.encode("utf-8"), address)
    c.close()
