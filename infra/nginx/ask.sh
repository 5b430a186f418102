#!/usr/bin/env bash
# Asks the internal server of this nginx for a path, and writes what it answers; fails unless that is a
# success. It needs no curl.
set -euo pipefail

port=${INTERNAL_LISTEN:-8081}
exec 3<>"/dev/tcp/127.0.0.1/${port##*:}"
printf 'GET %s HTTP/1.0\r\nHost: preview\r\n\r\n' "$1" >&3
answer=$(timeout 2 cat <&3)
printf '%s\n' "$answer"
[[ $answer == "HTTP/1."?" 2"* ]]
