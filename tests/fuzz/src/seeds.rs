//! The first inputs of targets, with which their search begins.

/// Addresses and networks.
pub const ADDRESSES: [&str; 15] = [
    "127.0.0.1:9999",
    "[::1]:9999",
    "[fe80::1%7]:80",
    "[::ffff:192.0.2.1]:0",
    "[64:ff9b::192.0.2.1]:65535",
    ":80",
    "::1:80",
    "host:70000",
    "[host%lo]:80",
    "/run/socket",
    "./a b/\u{fc}'\".socket",
    "@name",
    "\0na\u{1b}me",
    "10.0.0.0/8",
    "2001:db8::/32",
];

/// What clients send in one connection.
pub const REQUESTS: [&str; 18] = [
    "GET /1 HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\nGET /2 HTTP/1.1\r\nHost: b\r\n\r\n",
    "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET /n HTTP/1.1\r\nHost: a\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n\
     0\r\nX: y\r\n\r\nGET /n HTTP/1.1\r\nHost: a\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nabcd",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 2\r\nContent-Length : 1\r\n\r\nabcd",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n\
     0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: x, chunked\r\n\r\n3\nabc\n0\n\n",
    "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n\r\nGET / HTTP/1.1\nHost: a\n\n",
    "GET / HTTP/1.1\r\nHost: a\r\nConnection: x, close\r\n\r\nGET /n HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET HTTP://b:80/x?y HTTP/1.1\r\nHost: a\r\n\r\nGET //evil/.. HTTP/1.1\r\nHost: a\r\n\r\n",
    "OPTIONS * HTTP/1.1\r\nHost: [::1]:80\r\n\r\nCONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nX: \u{fc}\u{202e}\r\nX:\t\r\n\r\nHEAD / HTTP/1.1\r\n\r\n",
    "GET /\u{1b}[2J HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n",
    "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\r\n",
    "GET / HTTP/9.9\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabc",
];

/// A target, and lines with fields. `{E}` stands for the tag of `/a.txt`.
pub const REQUESTS_FOR_FILES: [&str; 15] = [
    "/a.txt\nRange: bytes=0-3",
    "/a.txt\nRange: bytes=2-3,5-,-1,0-0\nIf-Range: {E}",
    "/a.txt\nRange: bytes=20-\nIf-None-Match: \"x\", W/{E}",
    "/a.txt\nIf-Match: *\nIf-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT",
    "/a.txt\nIf-Match: \"x\"\nIf-Unmodified-Since: Sunday, 06-Nov-94 08:49:37 GMT",
    "/a.txt\nIf-Range: Sun Nov  6 08:49:37 1994\nRange: bytes=1-1",
    "/sub\nAccept: application/json",
    "/sub/?sort=size&order=desc",
    "/sub/../a.txt?x#y",
    "/sub/%2e%2e/%2e%2e/secret.txt",
    "//evil/..%2fsub?\\",
    "/.git/config",
    "/link",
    "/%00\nAccept-Encoding: gzip;q=0.5, br",
    "/sub/c.html\nAccept-Encoding: gzip",
];
