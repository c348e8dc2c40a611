#!/usr/bin/env bash
# Makes the certificates in this folder, with OpenSSL. They are valid for a hundred years, so this only needs to run again
# for a new name. The keys protect nothing.
# Never here: anything that the tests need at run time.
set -Eeuo pipefail
cd "$(dirname "$0")"
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT

key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1" 2>/dev/null; }

authority() { # NAME
  key "$folder/$1.key"
  openssl req -x509 -new -key "$folder/$1.key" -subj "/CN=anygpt-mcp test authority $1" -days 36500 -out "$1.pem" \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign
}

leaf() { # NAME NAMES NOT-BEFORE NOT-AFTER
  openssl req -new -key server.key -subj "/CN=$1" -out "$folder/request"
  : >"$folder/index"
  openssl rand -hex 8 >"$folder/serial"
  printf '[ca]\ndefault_ca=a\n[a]\ndatabase=%s/index\nserial=%s/serial\nnew_certs_dir=%s\ndefault_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n[x]\n%s\n' \
    "$folder" "$folder" "$folder" "$(printf 'subjectAltName=%s\nbasicConstraints=critical,CA:FALSE\nextendedKeyUsage=serverAuth' "$2")" >"$folder/config"
  openssl ca -batch -notext -config "$folder/config" -extensions x -cert authority.pem \
    -keyfile "$folder/authority.key" -startdate "$3" -enddate "$4" -in "$folder/request" -out "$1.pem" 2>"$folder/log" || { cat "$folder/log"; return 1; }
}

own() { # NAME IS-AUTHORITY
  openssl req -x509 -new -key server.key -subj "/CN=$1" -days 36500 -out "$1.pem" \
    -addext "basicConstraints=critical,CA:$2" -addext "subjectAltName=$names"
}

key server.key
authority authority
authority other
names=DNS:localhost,DNS:api.example.test,IP:127.0.0.1,IP:::1
leaf server "$names" 20200101000000Z 21200101000000Z
leaf expired "$names" 20200101000000Z 20210101000000Z
leaf elsewhere DNS:elsewhere.example.test 20200101000000Z 21200101000000Z
own own FALSE
own own-authority TRUE
