#!/bin/sh
# Makes ./secrets for docker-compose.yml: passwords, a certificate authority, and certificates of the
# servers and of the cluster. Run it beside that file. What is there already is kept.
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

if [ ! -s ca.key ]; then
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -sha256 \
        -subj "/CN=ediscovery authority" -addext "keyUsage=critical,keyCertSign,cRLSign" \
        -keyout ca.key -out ca.crt 2>/dev/null
    chmod 400 ca.key # never mounted anywhere
    keep ca.crt
fi

# One certificate a service, for its name in the compose network. Workers and coordinator show
# theirs to the scheduler, so each may be used on either side.
for name in elasticsearch s3 scheduler; do
    [ -s "$name.crt" ] && continue
    printf '%s\n' "subjectAltName=DNS:$name,DNS:localhost,IP:127.0.0.1" "basicConstraints=critical,CA:FALSE" \
        "keyUsage=critical,digitalSignature" "extendedKeyUsage=serverAuth,clientAuth" >"$name.ext"
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -sha256 -subj "/CN=$name" \
        -keyout "$name.key" -out "$name.csr" 2>/dev/null
    openssl x509 -req -in "$name.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 825 -sha256 \
        -extfile "$name.ext" -out "$name.crt" 2>/dev/null
    rm -f "$name.csr" "$name.ext"
    keep "$name.key"
    keep "$name.crt"
done
echo "Made in $(pwd). Keep ca.key and a copy of all of it somewhere safe." >&2
