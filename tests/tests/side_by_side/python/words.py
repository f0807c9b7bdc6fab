"""What a server is told: `words.rs` says what the words mean."""

words = {}


class Fault(Exception):
    """What a hook raises when it is told to fail."""


def fault(hook):
    if words.get("fault") == hook:
        raise Fault(hook)
