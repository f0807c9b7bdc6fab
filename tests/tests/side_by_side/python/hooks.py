"""Python's hooks, each with a line in the trace. Ours are in `hooks.rs`."""

import sys
import threading

from trace import trace
from words import Fault, fault, words

others = []


def beside(work):
    """Runs something on a thread that is not the server's."""
    thread = threading.Thread(target=work)
    others.append(thread)
    thread.start()


class Hooks:
    """The hooks of a server, each with a line in the trace."""

    requests = 0
    loops = 0
    failed = False
    stopping = False

    def get_request(self):
        request = super().get_request()
        trace("get_request")
        if not self.failed and words.get("fault") in ("get_request", "get_request_otherwise"):
            self.failed = True
            raise ConnectionAbortedError if words["fault"] == "get_request" else Fault
        self.requests += 1
        return request

    def verify_request(self, request, client_address):
        trace("verify_request")
        fault("verify_request")
        return words.get("fault") != "verify_request_is_false"

    def process_request(self, request, client_address):
        trace("process_request")
        fault("process_request")
        super().process_request(request, client_address)

    def handle_error(self, request, client_address):
        trace(f"handle_error({sys.exc_info()[0].__name__})")
        fault("handle_error")

    def shutdown_request(self, request):
        super().shutdown_request(request)
        trace("shutdown_request")

    def handle_timeout(self):
        super().handle_timeout()
        trace("handle_timeout")

    def service_actions(self):
        super().service_actions()
        trace("service_actions")
        expected = int(words.get("requests", 1)) * self.loops
        if not expected or self.requests < expected or self.stopping or not self.idle():
            return
        self.stopping = True
        fault("service_actions")
        if "shutdown_on_loop" in words:
            self.shutdown()
        beside(self.shutdown)

    def idle(self):
        threads = set(threading.enumerate()) - {threading.main_thread(), *others}
        return not threads and not getattr(self, "active_children", None)

    def server_close(self):
        trace("server_close")
        super().server_close()
