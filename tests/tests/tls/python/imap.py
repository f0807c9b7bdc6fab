"""A mail server for `imaplib` with STARTTLS, as that of CPython's `test_imaplib`."""

import socketserver
import ssl
import sys

context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])


class Mailbox(socketserver.StreamRequestHandler):
    def handle(self):
        self.say("* OK ready")
        while words := self.rfile.readline(1000).decode().split():
            tag, verb = words[0], words[1].upper()
            has_tls = isinstance(self.request, ssl.SSLSocket)
            if verb == "CAPABILITY":
                self.say("* CAPABILITY IMAP4rev1" + ("" if has_tls else " STARTTLS"))
                self.say(tag + " OK done")
            elif verb == "STARTTLS":
                self.say(tag + " OK begin")
                self.request = context.wrap_socket(self.request, server_side=True)
                self.setup()
            elif verb == "LOGIN":
                self.say(tag + (" OK welcome" if has_tls else " NO not in plain text"))
            elif verb == "LOGOUT":
                self.say("* BYE good-bye")
                self.say(tag + " OK done")
                return
            else:
                self.say(tag + " BAD what?")

    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True


with Server(("127.0.0.1", 0), Mailbox) as server:
    print(server.server_address[1], flush=True)
    server.serve_forever()
