#!/usr/bin/env bash
# Renders nginx's configuration from the environment, and puts it in the place of the one before if
# nginx takes it: "current" in the folder RUN. What each variable means is said where it is used, at
# the head of the templates; docs/nginx.md lists them all.
set -euo pipefail
shopt -s nullglob

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
: "${RUN:=/run/nginx}"
# What is set for a container:
: "${WORKERS:=2}"
: "${RESOLVER:=127.0.0.11}"
: "${LISTEN:=8080}" "${TLS_LISTEN:=8443}" "${INTERNAL_LISTEN:=8081}"
: "${PUBLIC_URL:=}"
: "${TLS_CERTIFICATE:=/run/secrets/tls_certificate}" "${TLS_KEY:=/run/secrets/tls_key}"
: "${TRUSTED_BALANCERS:=}"
: "${REQUEST_RATE:=20r/s}" "${REQUEST_BURST:=40}"
: "${ACCESS_LOG:=/dev/stdout}" "${ERROR_LOG:=stderr}"
: "${STATIC_ROOT:=/srv/static}" "${ERRORS_ROOT:=$here/errors}"
: "${LANE_FOLDER:=/var/lib/nginx-lane}" "${FIRST_LANE:=blue}"

fail() {
    echo "nginx: $*" >&2
    exit 1
}

# Has a service of a lane where Compose has it: BLUE_ACCOUNT is blue-account:8080.
place() {
    local host=${1,,}
    printf -v "$1" '%s:8080' "${host/_/-}"
}

# Puts this shell's variables in the places of those of a template; comments stay.
render() {
    local text line name
    while IFS= read -r line || [[ -n $line ]]; do
        if [[ ! $line =~ ^[[:space:]]*# ]]; then
            while [[ $line =~ \$\{([A-Z][A-Z0-9_]*)\} ]]; do
                name=${BASH_REMATCH[1]}
                [[ -v $name || ! $name =~ ^(BLUE|GREEN)_[A-Z]+$ ]] || place "$name"
                [[ -v $name ]] || fail "no value for \${$name} of $1"
                [[ ${!name} != *"\${"* ]] || fail "$name holds a variable itself"
                line=${line//"\${$name}"/"${!name}"}
            done
        fi
        text+=$line$'\n'
    done <"$1"
    printf '%s' "${text-}" >"$2"
}

# Whose X-Forwarded-For is believed: networks, separated by commas.
trust() {
    local network
    for network in ${1//,/ }; do
        echo "set_real_ip_from $network;"
    done
    echo "real_ip_header X-Forwarded-For;"
    echo "real_ip_recursive on;"
}

# Whether a template is of a service beside account: "route", or of all: "site".
kind() {
    local name
    name=$(basename "$1")
    if [[ -e ${1%/*/*}/parts/${name%%.*}.route.template ]]; then echo route; else echo site; fi
}

# Renders those templates of a folder that are of a kind.
render_all() {
    local template into
    for template in "$1"/templates/*.template "$1"/parts/*.template; do
        [[ $(kind "$template") == "$2" ]] || continue
        into=$CONF_FOLDER
        [[ ${template%/*} != */parts ]] || into=$PARTS_FOLDER
        render "$template" "$into/$(basename "$template" .template)" || exit
    done
}

# Renders everything, with the routes of a folder, and has nginx test it. As a condition it goes without errexit.
configured() (
    rm -rf "$CONF_FOLDER" "$PARTS_FOLDER" && mkdir "$CONF_FOLDER" "$PARTS_FOLDER" || exit
    render "$here/nginx.conf.template" "$out/nginx.conf" || exit
    for template in "$here/servers/$door.conf.template" "$here/servers/internal.conf.template"; do
        render "$template" "$CONF_FOLDER/$(basename "$template" .template)" || exit
    done
    render_all "$here" site
    render_all "$1" route
    [[ -z $TRUSTED_BALANCERS ]] || trust "$TRUSTED_BALANCERS" >"$CONF_FOLDER/balancers.conf" || exit
    nginx -t -q -e stderr -p "$RUN" -c "$out/nginx.conf"
)

live=$LANE_FOLDER/live.conf
[[ -e $live ]] || echo "default $FIRST_LANE;" >"$live" || fail "cannot write $live"
[[ $(<"$live") =~ ^"default "(blue|green)";"$ ]] || fail "$live names no lane: default blue; or default green;"
lane=${BASH_REMATCH[1]}

door=plain
if [[ -e $TLS_CERTIFICATE || -e $TLS_KEY ]]; then
    door=tls
    [[ $PUBLIC_URL == https://* ]] || fail "with a certificate, PUBLIC_URL must be https://..."
fi
export HSTS="" # exported, as those below: only templates use them
[[ $PUBLIC_URL != https://* ]] || HSTS="max-age=63072000"
PUBLIC_URL=${PUBLIC_URL%/}

mkdir -p "$RUN/temporary"
out=$(mktemp -d "$RUN/configuration.XXXXXX")
trap 'rm -rf "$out"' EXIT # unless it becomes the current one
CONF_FOLDER=$out/conf.d PARTS_FOLDER=$out/parts
CONFIGURATION=$(basename "$out")
export CONFIGURATION PID_FILE=$RUN/nginx.pid TEMP_FOLDER=$RUN/temporary

# Those of the release in the live lane, if routes.sh has kept them; this image may be of another one.
routes=$LANE_FOLDER/routes-$lane
if ! [[ -d $routes ]]; then
    routes=$here
elif ! configured "$routes"; then
    echo "nginx: the routes of $lane are refused; those of this image are taken" >&2
    routes=$here
fi
[[ $routes != "$here" ]] || configured "$here" || fail "the configuration is refused; the one before stays"
before=$(readlink "$RUN/current" || true)
trap '' INT TERM HUP # the rest is done whole
ln -sfn "$out" "$RUN/current.new"
mv -T "$RUN/current.new" "$RUN/current"
trap - EXIT
[[ -z $before ]] || rm -rf "$before"
