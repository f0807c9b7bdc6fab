import socket


def server(address):
    phone = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    phone.bind(address)
    phone.listen(5)
    listening(phone)
    print("start....")
    while True:
        conn, client_addr = phone.accept()
        print("A connection has been made:", client_addr)
        while True:
            try:
                print("The server waits for data...")
                data = conn.recv(1024)
                if len(data) == 0:
                    break
                print("Data from the client:", data)
                conn.send(data.upper())
            except ConnectionResetError:
                break
        conn.close()


def client(address):
    phone = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    phone.connect(address)
    for msg in typed():
        msg = msg.strip()
        if len(msg) == 0:
            continue
        phone.send(msg.encode("utf-8"))
        data = phone.recv(1024)
        print(data)
    phone.close()
