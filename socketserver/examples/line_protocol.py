"""A store of keys and values that expire, for clients that send lines.

    python3 line_protocol.py 127.0.0.1:9999
    nc 127.0.0.1 9999

    SET key value [seconds]    OK
    GET key                    VALUE value, or NONE
    DEL key                    VALUE value, which is gone now, or NONE
    COUNT                      COUNT n
    STOP                       OK, and the server ends
"""

import math
import socketserver
import sys
import threading
import time

LONGEST_LINE = 1024
LONGEST_LIFE = 365 * 24 * 3600
SWEEP_INTERVAL = 0.1


class Store(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, address, handler):
        super().__init__(address, handler)
        self.lock = threading.Lock()
        self.entries = {}

    def set(self, key, value, seconds=None):
        end = math.inf if seconds is None else time.monotonic() + seconds
        with self.lock:
            self.entries[key] = value, end

    def get(self, key):
        with self.lock:
            value, end = self.entries.get(key, (None, 0))
        return value if end > time.monotonic() else None

    def delete(self, key):
        with self.lock:
            value, end = self.entries.pop(key, (None, 0))
        return value if end > time.monotonic() else None

    def count(self):
        with self.lock:
            return len(self.entries)

    def sweep(self):
        """Forgets expired keys."""
        now = time.monotonic()
        with self.lock:
            for key in [key for key, (_, end) in self.entries.items() if end <= now]:
                del self.entries[key]


def lifetime(text):
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds <= LONGEST_LIFE:
        raise ValueError("bad number of seconds")
    return seconds


class Commands(socketserver.StreamRequestHandler):
    def handle(self):
        while line := self.rfile.readline(LONGEST_LINE):
            if not line.endswith(b"\n"):
                self.say("ERROR line too long or cut short")
                return
            words = line.decode(errors="replace").split()
            try:
                self.say(self.reply_to(words))
            except ValueError as error:
                self.say(f"ERROR {error}")
            if words == ["STOP"]:
                self.server.shutdown()

    def say(self, text):
        self.wfile.write(f"{text}\n".encode())

    def reply_to(self, words):
        def found(value):
            return "NONE" if value is None else f"VALUE {value}"

        match words:
            case ["SET", key, value]:
                self.server.set(key, value)
                return "OK"
            case ["SET", key, value, seconds]:
                self.server.set(key, value, lifetime(seconds))
                return "OK"
            case ["GET", key]:
                return found(self.server.get(key))
            case ["DEL", key]:
                return found(self.server.delete(key))
            case ["COUNT"]:
                return f"COUNT {self.server.count()}"
            case ["STOP"]:
                return "OK"
        raise ValueError("unknown command")


def main():
    host, port = sys.argv[1].rsplit(":", 1)
    ended = threading.Event()

    def sweep():
        while not ended.wait(SWEEP_INTERVAL):
            server.sweep()

    with Store((host, int(port)), Commands) as server:
        print("listening on {}:{}".format(*server.server_address))
        sweeper = threading.Thread(target=sweep)
        sweeper.start()
        try:
            server.serve_forever()
        finally:
            ended.set()
            sweeper.join()


if __name__ == "__main__":
    main()
