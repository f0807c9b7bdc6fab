#!/usr/bin/env bash
# What the steps need besides Rust: Python and other programs, as clients and servers of tests, the
# proxies that stand in front of servers in others, the programs that pass sockets to servers, and
# valgrind, which counts instructions.
set -euo pipefail
missing=()
command -v python3 >/dev/null || missing+=(python3)
command -v curl >/dev/null || missing+=(curl)
command -v openssl >/dev/null || missing+=(openssl)
command -v gnutls-cli >/dev/null || missing+=(gnutls-bin)
command -v sslscan >/dev/null || missing+=(sslscan)
command -v haproxy >/dev/null || missing+=(haproxy)
command -v nginx >/dev/null || missing+=(nginx libnginx-mod-stream)
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
