import socket


def server(address):
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(address)
    listening(server)
    data, client_addr = server.recvfrom(1024)
    print("The first:", client_addr, data)
    data, client_addr = server.recvfrom(1024)
    print("The second:", client_addr, data)
    data, client_addr = server.recvfrom(1024)
    print("The third:", client_addr, data)
    server.close()


def client(address):
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client.sendto("hello".encode("utf-8"), address)
    client.sendto("world".encode("utf-8"), address)
    client.sendto("".encode("utf-8"), address)
    client.close()
