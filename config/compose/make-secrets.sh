#!/bin/sh
# Makes ./secrets for docker-compose.yml: passwords, two certificate authorities, and certificates of
# the servers and of the cluster. Run it beside that file. What is there already is kept.
set -eu
umask 077
target=${1:-secrets}
mkdir -p "$target"
cd "$target"
command -v openssl >/dev/null || { echo "openssl is missing: sudo apt-get install openssl" >&2; exit 1; }

# The folder is closed to others on this machine; in a container a plain user must read its files.
keep() { chmod 444 "$1"; }

password() {
    [ -s "$1" ] || { openssl rand -hex 24 >"$1"; keep "$1"; }
}

for name in postgres_password catalog_password index_password; do password "$name"; done
if [ ! -s s3_secret_key ]; then
    password s3_secret_key
    { echo "[default]"; echo "aws_access_key_id = ediscovery"
      echo "aws_secret_access_key = $(cat s3_secret_key)"; } >s3_credentials
    keep s3_credentials
fi

curve="-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -sha256"

# authority NAME: its key, which is mounted nowhere, and its certificate.
authority() {
    [ -s "$1.key" ] && return
    # shellcheck disable=SC2086
    openssl req -x509 $curve -days 3650 -subj "/CN=ediscovery $1" \
        -addext "keyUsage=critical,keyCertSign,cRLSign" -keyout "$1.key" -out "$1.crt" 2>/dev/null
    chmod 400 "$1.key"
    keep "$1.crt"
}

# certificate NAME AUTHORITY: for the service of that name in the compose network.
certificate() {
    [ -s "$1.crt" ] && return
    printf '%s\n' "subjectAltName=DNS:$1,DNS:localhost,IP:127.0.0.1" "basicConstraints=critical,CA:FALSE" \
        "keyUsage=critical,digitalSignature" "extendedKeyUsage=serverAuth,clientAuth" >"$1.ext"
    # shellcheck disable=SC2086
    openssl req $curve -subj "/CN=$1" -keyout "$1.key" -out "$1.csr" 2>/dev/null
    openssl x509 -req -in "$1.csr" -CA "$2.crt" -CAkey "$2.key" -CAcreateserial -days 825 -sha256 \
        -extfile "$1.ext" -out "$1.crt" 2>/dev/null
    rm -f "$1.csr" "$1.ext"
    keep "$1.key"
    keep "$1.crt"
}

authority ca
certificate elasticsearch ca
certificate s3 ca
# An authority of its own: whoever holds a certificate of it may run code on the workers.
authority cluster-ca
certificate scheduler cluster-ca
echo "Made in $(pwd). Keep a copy of it somewhere safe; nobody else needs ca.key and cluster-ca.key." >&2
