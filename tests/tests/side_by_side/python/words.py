"""The words that describe a server. Their meanings are in `words.rs`."""

words = {}


class Fault(Exception):
    """Raised by a hook that the words let fail."""


def fault(hook):
    if words.get("fault") == hook:
        raise Fault(hook)
