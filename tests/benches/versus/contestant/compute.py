"""The work that a message may ask for, in every program in Python."""


def compute():
    number = 2463534242
    for _ in range(25_000):
        number ^= number << 13 & 0xFFFFFFFF
        number ^= number >> 17
        number ^= number << 5 & 0xFFFFFFFF
