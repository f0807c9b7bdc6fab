import socket


def server(address):
    server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    server.bind(address)
    server.listen(5)
    listening(server)
    while True:
        c, addr = server.accept()
        while True:
            try:
                msg = c.recv(1024).decode("utf-8")
                if not msg:
                    c.close()
                    break
                c.send(msg.upper().encode("utf-8"))
            except BaseException:
                print("The client has gone abnormally")
                c.close()
                break


def client(address):
    client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    client.connect(address)
    for data in typed():
        if not data:
            continue
        client.send(data.encode("utf-8"))
        msg = client.recv(1024).decode("utf-8")
        print(msg)
    client.close()
