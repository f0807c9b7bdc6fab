"""Says, by h11, whether a server has answered what it has received.

Each line of the input is a request and what came back, in hexadecimal; each line of the output is
"right" with what was found, or "wrong" with the reason.
"""

import re
import sys

import h11

KNOWN = b"GET", b"POST", b"OPTIONS"
NAMED = {9: "\\t", 10: "\\n", 13: "\\r", 34: '\\"', 39: "\\'", 92: "\\\\"}


def escaped(data):
    """As the server shows bytes."""
    return "".join(
        NAMED.get(byte) or (chr(byte) if 32 <= byte < 127 else "\\x%02x" % byte) for byte in data
    )


def requests_in(data):
    """All requests that h11 finds in a stream, and whether an empty line ends them."""
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
    connection.receive_data(data)
    connection.receive_data(b"")
    found, request, body = [], None, b""
    try:
        while True:
            event = connection.next_event()
            if isinstance(event, h11.Request):
                request, body = event, b""
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                found.append((request, body))
                if request.method == b"CONNECT":
                    return found, False
                length = [("Content-Length", "0")]
                connection.send(h11.Response(status_code=200, headers=length))
                connection.send(h11.EndOfMessage())
                if connection.our_state is not h11.DONE:
                    return found, False
                connection.start_next_cycle()
            else:
                return found, False
    except h11.RemoteProtocolError as error:
        return found, str(error) == "no request line received"


def replies_in(data):
    """The status, the body and the end of each reply."""
    found = []
    while data:
        connection = h11.Connection(h11.CLIENT)
        connection.send(h11.Request(method="GET", target="/", headers=[("Host", "a")]))
        connection.send(h11.EndOfMessage())
        connection.receive_data(data)
        connection.receive_data(b"")
        body, closes = b"", False
        while True:
            event = connection.next_event()
            if isinstance(event, h11.Response):
                status = event.status_code
                closes = any(
                    name == b"connection" and value.lower() == b"close"
                    for name, value in event.headers
                )
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                break
        found.append((status, body.decode("utf-8", "replace"), closes))
        data = connection.trailing_data[0]
    return found


def shown(request, body):
    """How the server's reply to a request begins."""
    path = request.target
    match = re.match(rb"(?i)https?://[^/?#]*", path)
    if match:
        path = path[match.end() :]
        path = path if path.startswith(b"/") else b"/" + path
    elif re.match(rb"\w", path) and request.method != b"CONNECT":
        path = b"/" + path
    path = re.sub(rb"^//+", b"/", path)
    words = [request.method.decode(), escaped(path)]
    if body and not path.startswith(b"/unread"):
        words.append(escaped(body[:80]))
    return path, " ".join(words)


def strict(data):
    """Why a request may be refused that h11 takes."""
    heads = {
        "a line feed alone": rb"(?<!\r)\n",
        "a folded line": rb"\n[ \t]",
        "a carriage return alone": rb"\r(?!\n)",
        "a control character": rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]",
        "a transfer coding": rb"(?i)\ntransfer-encoding:",
        "lengths": rb"(?is)\ncontent-length:.*\ncontent-length:|\ncontent-length:[^\r\n]*,",
        "an expectation": rb"(?i)\nexpect:(?!\s*100-continue\r)",
        "a version": rb"HTTP/(?!1\.[01]\r)",
    }
    hosts = re.findall(rb"(?i)\nhost:[ \t]*([^\r\n]*?)[ \t]*\r", data)
    lines = re.findall(rb" HTTP/1\.[1-9]\r", data)
    reasons = [name for name, pattern in heads.items() if re.search(pattern, data)]
    wrong = any(not re.fullmatch(rb"[\w.-]+(:\d*)?", host) for host in hosts)
    if len(hosts) != len(lines) or wrong:
        reasons.append("a host")
    star = rb"((?<!OPTIONS)|[!-~]OPTIONS) \* HTTP/"
    form = rb"|(?m:^[!-~]+ (?!/|\* |(?i:https?)://|\w+[/?# ]))"
    if re.search(star + form + rb"|(?m:^CONNECT )|https?://(?![\w.-]+(:\d+)?[/?# ])", data):
        reasons.append("a target")
    if data.count(b"\n") > 99:
        reasons.append("fields")
    return reasons


def lenient(data):
    """Why a request may be answered in which h11 finds none."""
    patterns = {
        "an empty line": rb"^\r?\n",
        "a field behind the body": rb"(?i)\n0[^\n]*\n([^\r\n]+\r\n)*(transfer-enc|content-len)",
        "a byte beyond ASCII": rb"[\x80-\xff]",
        "a version": rb"HTTP/1\.[2-9]",
        "an old client that stays": rb"(?is)HTTP/1\.0\r?\n.*keep-alive",
    }
    return [name for name, pattern in patterns.items() if re.search(pattern, data)]


def verdict(data, reply):
    try:
        replies = replies_in(reply)
    except h11.RemoteProtocolError as error:
        return "wrong: h11 does not read the reply: %s" % error
    found, empty = requests_in(data)
    answered = 0
    for number, (status, text, closes) in enumerate(replies):
        if number >= len(found):
            # Answered before its body has come, which is then found to be wrong.
            unread = number == len(found) == len(replies) - 1 and " /unread" in text
            if status == 200 and not (unread or empty or lenient(data)):
                return "wrong: %r is answered, where h11 finds %d requests" % (text, len(found))
            continue
        request, body = found[number]
        path, expected = shown(request, body)
        if status == 200:
            rest = text[len(expected) :]
            if not text.startswith(expected) or rest[:1] not in ("", " "):
                return "wrong: %r is answered, not %r" % (text, expected)
            answered += 1
        elif status == 404 and path.startswith(b"/missing"):
            answered += 1
        elif status == 501 and request.method not in KNOWN:
            answered += 1
        elif not strict(data):
            return "wrong: %r is refused with %d" % (expected, status)
        elif not closes:
            return "wrong: a refusal with %d does not close" % status
    if len(replies) < len(found) and not (replies and replies[-1][2]) and not strict(data):
        return "wrong: of %d requests %d are answered" % (len(found), len(replies))
    return "right: %d of %d" % (answered, len(found))


for line in sys.stdin:
    request, _, reply = line.rstrip("\n").partition(" ")
    print(verdict(bytes.fromhex(request), bytes.fromhex(reply)), flush=True)
