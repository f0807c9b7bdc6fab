import socket


def server(address):
    server = socket.socket()
    server.bind(address)
    server.listen(5)
    listening(server)
    conn, c_address = server.accept()
    while True:
        data = conn.recv(1024).decode("utf-8")
        print("Received from the client:", data)
        if data == "over":
            conn.close()
            break
        conn.send(data.upper().encode("utf-8"))
    server.close()


def client(address):
    client = socket.socket()
    client.connect(address)
    for message in typed():
        client.send(message.encode("utf-8"))
        data = client.recv(1024).decode("utf-8")
        print(data)
        if len(data) == 0:
            client.close()
            break
