#!/usr/bin/env bash
# The layers of the library: a room imports only rooms below it, and no imports form a cycle.
#
#   http/files                    static files
#   http                          HTTP handlers and servers
#   http/exchange                 the requests and replies of one connection
#   http/message                  the parts of requests and replies, without a socket
#   proxy                         the PROXY protocol, as hooks of a transport
#   ssl                           TLS, as hooks of a transport and as a layer
#   builder                       making a server: its options, and bind
#   server                        the shell, the engine without types, and the intake that has them
#   signals                       signals that drain a server, or call a function
#   systemd                       messages to a service manager
#   lobby                         clients that must send first, and have sent too little yet
#   admission                     the limits, and the reasons to refuse a request
#   transport concurrency handler the axes, which do not import each other
#   lead                          a worker that receives requests, and runs them itself
#   request   axis                a request on its way; the shared code of the axes
#   activation                    sockets that a service manager passes
#   file                          a socket's stream as two files
#   socket                        sockets with Python's vocabulary
#   wait  control                 waiting for a descriptor; data beside a message's bytes
#   address                       addresses of sockets
#   computing                     short computations of green threads, on deeper stacks
#   green                         green threads
#   pool                          the elastic pool of threads
#   nesting                       the servers and requests around the code that runs
#   aborts  panics  sync  sys     no imports of this crate
#   channel_errors                the same
#
# Tests do not count, nor does a `mod.rs` that passes on names of its own files with `pub use`.
set -euo pipefail
cd "$(dirname "$0")/.."
exec python3 - <<'PYTHON'
import re
import sys
from pathlib import Path

# Each room, and the rooms below it that it may import.
ALLOWED = {
    "sys": "", "sync": "", "panics": "", "aborts": "", "axis": "", "channel_errors": "",
    "pool": "panics sync sys",
    "nesting": "aborts sync",
    "green": "aborts channel_errors nesting panics pool sync sys",
    "computing": "green sys",
    "wait": "green nesting panics sync sys",
    "address": "green sys wait", "control": "address sys",
    "socket": "aborts address control green panics sync sys wait",
    "request": "address channel_errors control panics socket sync sys wait",
    "lead": "green request socket sync sys",
    "transport": "address axis control request socket sys wait",
    "concurrency": "axis green lead panics pool request sync sys",
    "handler": "aborts address file green nesting request socket sync sys wait",
    "signals": "handler panics request sync sys",
    "activation": "socket sys",
    "systemd": "activation address request socket sync",
    "lobby": "request socket sync sys",
    "admission": "address concurrency request sync sys",
    "server": "aborts activation admission address axis concurrency handler lead lobby panics request signals socket sync systemd sys transport wait",
    "file": "socket",
    "client": "address socket wait",
    "multicast": "address socket",
    "relay": "green socket wait",
    "builder": "activation address admission axis concurrency handler lobby request server socket transport",
    "proxy": "address axis builder server socket transport wait",
    "ssl": "address axis builder computing green server socket transport wait",
    "http/message": "",
    "http/exchange": "address handler http/message request socket",
    "http": "address axis concurrency handler http/exchange http/message request server socket transport",
    "http/files": "green handler http http/message",
    "aliases": "concurrency server transport",
    "__private": "handler http http/exchange request socket transport",
}
PASSES_ON = re.compile(r"pub(?:\([^)]*\))?\s+use\s+((?:\w+::)*\w+)(?:::\{([^}]*)\}|::\*)?\s*;|\bmod \w+;")
PATH = re.compile(r"\b(crate|super|self)\b(?=\s*::)((?:\s*::\s*\w+)*)(\s*::\s*\{)?")


def flatten(prefix, text):
    """The paths of `prefix::{a, b::{c, d}}`, from the text after its brace."""
    depth, word, words = 1, "", []
    for char in text:
        depth += (char == "{") - (char == "}")
        if depth == 0 or (char == "," and depth == 1):
            words.append(word)
            word = ""
            if depth == 0:
                break
        else:
            word += char
    for word in words:
        head, brace, rest = word.partition("{")
        path = prefix + re.findall(r"\w+", re.sub(r"\bas\s+\w+", "", head))
        yield from flatten(path, rest) if brace else [path]


def room(module):
    """The folder that the picture names, nearest to the file."""
    return next((name for n in (2, 1) if (name := "/".join(module[:n])) in ALLOWED), "".join(module[:1]))


def code(path):
    text = path.read_text()
    text = re.sub(r"//[^\n]*|pub\(in [^)]*\)", "", text)
    text = re.sub(r"#\[cfg\((?:all\()?test[^\]]*\]\s*(?:pub\S*\s+)?(?:use|mod|fn)[^;{]*;", "", text)
    return re.split(r"#\[cfg\((?:all\()?test[^\n]*\]\nmod tests \{", text)[0]


def check(root, allowed):
    files = {}
    for path in sorted(root.rglob("*.rs")):
        name = path.relative_to(root).with_suffix("").parts
        name = name[:-1] if name[-1] in ("mod", "lib") else name
        if not {"tests", "model", "fuzzing"} & set(name):
            files[name] = path
    # What a `mod.rs` passes on from its own files.
    passed_on = {}
    for module, path in files.items():
        for use in PASSES_ON.finditer(code(path)):
            if not use[1]:
                continue
            first = use[1].split("::")
            child = module + (first[0],)
            for word in re.findall(r"\w+", use[2] or first[-1]):
                if child in files:
                    passed_on[module + (word,)] = child + tuple(first[1:-1] if not use[2] else first[1:])

    def target(path):
        for _ in range(4):
            found = next((path[:n] for n in range(len(path), -1, -1) if path[:n] in files), ())
            name = path[: len(found) + 1]
            if name not in passed_on or len(name) == len(found):
                return found
            path = passed_on[name] + path[len(found) :]
        return found

    arrows = {module: set() for module in files}
    for module, path in files.items():
        text = code(path)
        for match in PATH.finditer(text):
            words = re.findall(r"\w+", match[2])
            base = module if match[1] == "self" else module[:-1] if match[1] == "super" else ()
            while words and words[0] == "super":
                base, words = base[:-1], words[1:]
            start = list(base) + words
            paths = flatten(start, text[match.end() :]) if match[3] else [start]
            arrows[module] |= {target(tuple(p)) for p in paths} - {module}
        # A `mod.rs` names its own files without a prefix.
        for match in re.finditer(r"(?<![:\w])(\w+)(?=::)((?:::\w+)*)(::\s*\{)?", PASSES_ON.sub("", text)):
            words = re.findall(r"\w+", match[0])
            if module + (words[0],) in files:
                rest = PASSES_ON.sub("", text)[match.end() :]
                paths = flatten(list(module) + words, rest) if match[3] else [module + tuple(words)]
                arrows[module] |= {target(tuple(p)) for p in paths} - {module}
    wrong = []
    for module, targets in arrows.items():
        for to in targets:
            here, there = room(module), room(to)
            if allowed and here and there and here != there and there not in allowed.get(here, "").split():
                wrong.append(f"{files[module]} imports {files[to]}: not an arrow of the picture")
    # A circle: a file that reaches itself.
    def reached(start):
        seen, todo = set(), list(arrows[start])
        while todo:
            module = todo.pop()
            if module and module not in seen:
                seen.add(module)
                todo += arrows[module]
        return seen

    circles = {module: reached(module) for module in files if module}
    tied = sorted(str(files[module]) for module in circles if module in circles[module])
    if tied:
        wrong.append("a circle of imports between " + ", ".join(tied))
    return wrong, len(files), sum(map(len, arrows.values()))


wrong = []
for root, allowed in [("socketserver/src", ALLOWED), ("socketserver-macros/src", None)]:
    found, files, arrows = check(Path(root), allowed)
    print(f"{root}: {files} files, {arrows} imports, {len(found)} faults")
    wrong += found
print(*wrong, sep="\n", end="\n" if wrong else "")
sys.exit(bool(wrong))
PYTHON
