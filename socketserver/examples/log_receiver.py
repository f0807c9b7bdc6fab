"""Receives what Python's `logging` sends, and prints it: records as JSON over TCP, texts of
`SysLogHandler` over UDP.

    python3 log_receiver.py 127.0.0.1:9020 127.0.0.1:9514
"""

import json
import logging
import re
import socketserver
import sys
import threading

LONGEST_RECORD = 1024 * 1024
SEVERITIES = ["EMERG", "ALERT", "CRIT", "ERR", "WARNING", "NOTICE", "INFO", "DEBUG"]
FORMAT = "%(created).3f %(levelname)s %(name)s %(filename)s:%(lineno)d %(message)s"


class RecordHandler(socketserver.StreamRequestHandler):
    """Each line is one record: its attributes."""

    def handle(self):
        while line := self.rfile.readline(LONGEST_RECORD):
            if not line.endswith(b"\n"):
                raise ValueError("a record is too long or cut short")
            record = logging.makeLogRecord(json.loads(line))
            self.server.show(logging.Formatter(FORMAT).format(record))


class SyslogHandler(socketserver.DatagramRequestHandler):
    """Each datagram is `<PRI>text`, usually with a zero byte at its end."""

    def handle(self):
        text = self.packet.decode(errors="replace")
        message = re.fullmatch(r"<(\d{1,3})>(.*?)\0?", text, re.DOTALL)
        if not message:
            raise ValueError(f"not a syslog message: {self.packet!r}")
        facility, severity = divmod(int(message[1]), 8)
        self.server.show(f"{SEVERITIES[severity]} facility {facility} {message[2]}")

    def finish(self):
        """The sender expects no reply."""


class Printer:
    """Prints what both servers receive, one text at a time."""

    lock = threading.Lock()

    def show(self, text):
        # A sender's text must not pass for a record of another sender.
        text = text.replace("\n", "\n    ")
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
