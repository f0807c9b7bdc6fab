"""Receives what Python's `logging` sends, and prints it: records of `SocketHandler` over TCP, texts of `SysLogHandler`
over UDP.

    python3 log_receiver.py 127.0.0.1:9020 127.0.0.1:9514
"""

import io
import logging
import pickle
import re
import socketserver
import struct
import sys
import threading

LONGEST_RECORD = 1024 * 1024
SEVERITIES = ["EMERG", "ALERT", "CRIT", "ERR", "WARNING", "NOTICE", "INFO", "DEBUG"]
FORMAT = "%(created).3f %(levelname)s %(name)s %(filename)s:%(lineno)d %(message)s"


class RecordUnpickler(pickle.Unpickler):
    """Reads data and no code: an unrestricted pickle can run whatever its sender likes."""

    def find_class(self, module, name):
        raise pickle.UnpicklingError(f"{module}.{name} is not data")


class RecordHandler(socketserver.StreamRequestHandler):
    """Each record is a pickled dict, after its length in four bytes."""

    def handle(self):
        while prefix := self.rfile.read(4):
            length, = struct.unpack("!I", prefix)
            if length > LONGEST_RECORD:
                raise ValueError(f"a record of {length} bytes")
            data = self.rfile.read(length)
            attributes = RecordUnpickler(io.BytesIO(data)).load()
            self.server.show(logging.Formatter(FORMAT).format(logging.makeLogRecord(attributes)))


class SyslogHandler(socketserver.DatagramRequestHandler):
    """Each datagram is `<PRI>text`, most often with a zero byte behind it."""

    def handle(self):
        message = re.fullmatch(r"<(\d{1,3})>(.*?)\0?", self.packet.decode(errors="replace"), re.DOTALL)
        if not message:
            raise ValueError(f"not a syslog message: {self.packet!r}")
        facility, severity = divmod(int(message[1]), 8)
        self.server.show(f"{SEVERITIES[severity]} facility {facility} {message[2]}")

    def finish(self):
        """Nobody expects a reply."""


class Printer:
    """Prints what both servers receive, one after the other."""

    lock = threading.Lock()

    def show(self, text):
        with self.lock:
            print(text, flush=True)


class RecordServer(Printer, socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


class SyslogServer(Printer, socketserver.UDPServer):
    max_packet_size = 65535


def main():
    def address(text):
        host, port = text.rsplit(":", 1)
        return host, int(port)

    with (
        RecordServer(address(sys.argv[1]), RecordHandler) as records,
        SyslogServer(address(sys.argv[2]), SyslogHandler) as syslog,
    ):
        print("records {}:{}".format(*records.server_address))
        print("syslog {}:{}".format(*syslog.server_address), flush=True)
        threading.Thread(target=syslog.serve_forever, daemon=True).start()
        try:
            records.serve_forever()
        except KeyboardInterrupt:
            syslog.shutdown()


if __name__ == "__main__":
    main()
