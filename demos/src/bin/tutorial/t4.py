import socket


def server(address):
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(address)
    listening(server)
    while True:
        msg, c_addr = server.recvfrom(1024)
        print("Received from %s, who says: %s" % (c_addr[0], msg.decode("utf-8")))
        server.sendto(msg.upper(), c_addr)


def client(address):
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for msg in typed():
        client.sendto(msg.encode("utf-8"), address)
        data, addr = client.recvfrom(1024)
        print(data.decode("utf-8"))
