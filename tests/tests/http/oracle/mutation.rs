//! Requests made of other requests.

/// A generator that gives the same numbers for the same seed.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number below this one.
    pub(super) fn below(&mut self, most: usize) -> usize {
        let most = u64::try_from(most.max(1)).expect("a number");
        usize::try_from(self.next() % most).expect("a small number")
    }

    fn one_of<'a, T: ?Sized>(&mut self, all: &[&'a T]) -> &'a T {
        all[self.below(all.len())]
    }
}

/// Bytes that mean something.
const BYTES: &[u8] = b" \t\r\n\0\x0b\x7f\x80:;,/*%=+-_0123456789abcdefxGPHX";

/// Pieces that mean something.
const PIECES: [&[u8]; 24] = [
    b"\r\n",
    b"\n",
    b"\r",
    b"\r\n\r\n",
    b" ",
    b"\t",
    b"Content-Length: 3\r\n",
    b"Content-Length: 0\r\n",
    b"Content-Length:",
    b"Transfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: identity\r\n",
    b"transfer-encoding:chunked\r\n",
    b"chunked",
    b", ",
    b"0\r\n\r\n",
    b"3\r\nabc\r\n",
    b"1;x=y\r\n",
    b"Connection: close\r\n",
    b"Connection: keep-alive\r\n",
    b"Expect: 100-continue\r\n",
    b"Host: a\r\n",
    b"HTTP/1.0",
    b"HTTP/1.1",
    b"GET /next HTTP/1.1\r\nHost: a\r\n\r\n",
];

/// Changes a request in one to four places. `other` gives a part of itself.
pub(super) fn mutated(dice: &mut Dice, request: &[u8], other: &[u8]) -> Vec<u8> {
    let mut bytes = request.to_vec();
    for _ in 0..=dice.below(4) {
        let at = dice.below(bytes.len() + 1);
        let end = (at + dice.below(12)).min(bytes.len());
        match dice.below(6) {
            0 if at < bytes.len() => bytes[at] = BYTES[dice.below(BYTES.len())],
            1 => drop(bytes.drain(at..end)),
            2 => drop(bytes.splice(at..at, request[at.min(request.len())..].iter().copied())),
            3 => {
                let from = dice.below(other.len() + 1);
                let to = (from + dice.below(40)).min(other.len());
                drop(bytes.splice(at..end, other[from..to].iter().copied()));
            }
            4 => bytes.insert(at, BYTES[dice.below(BYTES.len())]),
            _ => drop(bytes.splice(at..at, dice.one_of(&PIECES).iter().copied())),
        }
    }
    bytes.truncate(4_096);
    bytes
}
