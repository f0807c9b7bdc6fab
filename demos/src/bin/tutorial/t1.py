import socket


def server(address):
    s = socket.socket()
    s.bind(address)
    s.listen(5)
    listening(s)
    print("The server has started!")
    print("test")
    conn, c_address = s.accept()
    print("A connection has been made!")
    print(c_address)
    res = conn.recv(1024)
    print(res)
    s.close()


def client(address):
    c = socket.socket()
    c.connect(address)
    c.send("hello i,m client!".encode("utf-8"))
    c.close()
