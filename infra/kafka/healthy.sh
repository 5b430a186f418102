#!/bin/bash
# Whether the broker answers, for a container's healthcheck: infra/kafka/healthy.sh [PORT]
#
# Asks it for the versions that it speaks, which it tells before anybody has to say who they are; no JVM is started.
set -euo pipefail

exec 3<>"/dev/tcp/127.0.0.1/${1:-9092}"
# Its length; ApiVersions (18) in version 0; 1, which the answer repeats; no name.
printf '\0\0\0\12\0\22\0\0\0\0\0\1\377\377' >&3
answer=$(timeout 3 head -c 10 <&3 | od -An -v -tx1 | tr -d ' \n')
# The length may be any; then the 1, and no error.
[ "${answer:8}" = 000000010000 ]
