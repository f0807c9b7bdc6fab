#!/usr/bin/env bash
# What the steps need besides Rust: Python and other programs, as clients and servers of tests; h11,
# which decides what a request is; the proxies that stand in front of servers in others; wrk,
# which loads them; the programs that pass sockets to servers; a browser with what drives it and
# checks whether a page is accessible; and valgrind, which counts instructions.
set -euo pipefail
cd "$(dirname "$0")/.."
missing=()
command -v python3 >/dev/null || missing+=(python3)
command -v curl >/dev/null || missing+=(curl)
command -v openssl >/dev/null || missing+=(openssl)
command -v gnutls-cli >/dev/null || missing+=(gnutls-bin)
command -v sslscan >/dev/null || missing+=(sslscan)
command -v haproxy >/dev/null || missing+=(haproxy)
command -v nginx >/dev/null || missing+=(nginx libnginx-mod-stream)
command -v wrk >/dev/null || missing+=(wrk)
/usr/bin/python3 -c 'import h11' 2>/dev/null || missing+=(python3-h11)
command -v chromium >/dev/null || missing+=(chromium)
command -v chromedriver >/dev/null || missing+=(chromium-driver)
command -v valgrind >/dev/null || missing+=(valgrind)
command -v systemd-socket-activate >/dev/null || missing+=(systemd)
command -v inetd >/dev/null || missing+=(openbsd-inetd)
command -v xinetd >/dev/null || missing+=(libwrap0 libtirpc3 libnsl2 libselinux1)
if [ "${#missing[@]}" -gt 0 ]; then
    apt-get update
    apt-get install --yes --no-install-recommends "${missing[@]}"
fi
# The package of xinetd cannot stand beside that of inetd, so only its program is taken.
if ! command -v xinetd >/dev/null; then
    folder="$(mktemp -d)"
    (cd "$folder" && apt-get download xinetd && dpkg --extract xinetd_*.deb .)
    install "$folder/usr/sbin/xinetd" /usr/local/sbin/
    rm -r "$folder"
fi
# npm itself is too much to install for one file: without it, or without its registry, no test looks
# whether the pages are accessible.
axe="${CARGO_TARGET_DIR:-target}/axe-core"
if [ ! -f "$axe/axe.min.js" ]; then
    mkdir -p "$axe"
    if npm pack --silent --pack-destination "$axe" axe-core@4.14.1; then
        tar --extract --file "$axe/axe-core-4.14.1.tgz" --directory "$axe" --strip-components 1 \
            package/axe.min.js
    else
        echo "axe-core could not be fetched: the accessibility of pages is not checked"
    fi
fi
