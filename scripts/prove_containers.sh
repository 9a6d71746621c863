#!/usr/bin/env bash
# Builds both images without a Docker engine and proves that what is in them works.
#
#     sudo scripts/prove_containers.sh [FOLDER]
#
# For Debian, as root, with the packages buildah, debootstrap, curl, make and
# procps; with CI set it installs those that are missing. The base image is Debian
# bookworm with its own Python, made by debootstrap; it and all layers are kept
# under FOLDER, by default /var/tmp/elastic-face-containers. Then the whole
# service runs from the images, on free ports, against LocalStack from
# .venv-localstack.
# Exit codes: 0 all is proved, 1 something failed (the reason is printed).
set -euo pipefail

if [[ ${1:-} == -* ]]; then
    sed -n '2,/^set /s/^# \{0,1\}//p' "$0"
    exit 0
fi

FOLDER=${1:-/var/tmp/elastic-face-containers}
BASE=localhost/debian-python:bookworm
CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt
SERVICE_UID=10001
TIERS=(web worker)

declare -A frontend # tier -> process id of its 'buildah run'
localstack=
settings=()
mounts=()

step() { printf '\n== %s\n' "$*"; }
proved() { printf 'proved: %s\n' "$*"; }
fail() {
    printf 'FAIL: %s\n' "$*" >&2
    exit 1
}

# A storage of its own: this machine's images are neither used nor changed.
in_store() { nice -n 10 buildah --root "$FOLDER/storage" --runroot "$FOLDER/run" "$@"; }

run_in() {
    local tier=$1
    shift
    in_store run --isolation=chroot "${settings[@]}" "${mounts[@]}" "prove-$tier" -- "$@"
}

# Print a list from an image's configuration, one item a line.
configured() {
    in_store inspect --type image "localhost/elastic-face-$1" | python3 -c '
import json, sys
value = json.load(sys.stdin)["Docker"]["config"]
for key in sys.argv[1:]:
    value = value[key]
print(*value if isinstance(value, list) else [value], sep="\n")' "${@:2}"
}

# Run the image's own health check, as an engine would.
healthy() {
    local test
    mapfile -t test < <(configured "$1" Healthcheck Test)
    [[ ${test[0]} == CMD ]] && run_in "$1" "${test[@]:1}"
}

# Start the image's own command; its output goes to a file.
start() {
    local command
    ! healthy "$1" >/dev/null 2>&1 || fail "$1: its health check passes before the start"
    mapfile -t command < <(configured "$1" Cmd)
    run_in "$1" "${command[@]}" >"$FOLDER/$1.log" 2>&1 &
    frontend[$1]=$!
}

# Print the first process below another one that is neither root's nor buildah's
# own: what an engine would make process 1.
first_service_process() {
    local child
    for child in $(pgrep --parent "$1"); do
        if [[ $(ps -o uid= -p "$child") -ne 0 && $(ps -o args= -p "$child") != buildah-* ]]; then
            echo "$child"
            return 0 # a bare return in the exit trap would return the script's code
        fi
        first_service_process "$child" && return 0
    done
    return 1
}

family() {
    local child
    echo "$1"
    for child in $(pgrep --parent "$1"); do
        family "$child"
    done
}

require_unprivileged() {
    local main pid uid root members
    main=$(first_service_process "${frontend[$1]}") || fail "$1: no process found that is not root's"
    mapfile -t members < <(family "$main")
    for pid in "${members[@]}"; do
        uid=$(ps -o uid= -p "$pid") || continue # it has just ended
        ((uid == SERVICE_UID)) || fail "$1: process $pid runs as user $uid"
        root=$(readlink "/proc/$pid/root") || continue
        [[ $root != / ]] || fail "$1: process $pid runs outside the image"
    done
    proved "$1: all ${#members[@]} processes run as user $SERVICE_UID, inside the image"
}

# SIGTERM to what would be process 1, and nothing else.
stop() {
    local main code=0 began=$SECONDS
    main=$(first_service_process "${frontend[$1]}") || fail "$1: no process to stop"
    kill -TERM "$main"
    until_true 60 not_alive "$main" || fail "$1 did not end within 60 s of SIGTERM"
    wait "${frontend[$1]}" || code=$?
    unset "frontend[$1]"
    ((code == 0)) || fail "$1 ended with exit code $code after SIGTERM"
    proved "$1: SIGTERM ended it after $((SECONDS - began)) s with exit code 0"
}

not_alive() { ! kill -0 "$1"; }

# until_true SECONDS COMMAND...
until_true() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < deadline)) || return 1
        sleep 0.3
    done
}

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

clean_up() {
    local code=$? tier main
    trap - EXIT
    for tier in "${!frontend[@]}"; do
        main=$(first_service_process "${frontend[$tier]}") || continue
        mapfile -t main < <(family "$main")
        kill -KILL "${main[@]}" 2>/dev/null || true
        wait "${frontend[$tier]}" 2>/dev/null || true
    done
    if [[ -n $localstack ]]; then
        kill -TERM "$localstack" 2>/dev/null || true
        wait "$localstack" 2>/dev/null || true
    fi
    for tier in "${TIERS[@]}"; do
        in_store rm "prove-$tier" >/dev/null 2>&1 || true
    done
    if ((code != 0)); then
        printf '\nIt failed; the logs are %s/*.log\n' "$FOLDER" >&2
    fi
    exit "$code"
}

require_tools() {
    local tool tools=(buildah debootstrap curl make pgrep python3)
    ((EUID == 0)) || fail "this needs root: debootstrap and buildah's chroot isolation do"
    if [[ -n ${CI:-} ]] && ! type "${tools[@]}" >/dev/null 2>&1; then
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes --no-install-recommends \
            buildah debootstrap curl make procps python3 >/dev/null
    fi
    for tool in "${tools[@]}"; do
        command -v "$tool" >/dev/null || fail "$tool is missing: apt-get install buildah debootstrap curl make procps python3"
    done
    mkdir -p "$FOLDER"
    FOLDER=$(cd "$FOLDER" && pwd)
    make --no-print-directory samples
}

build_base() {
    if in_store inspect --type image "$BASE" >/dev/null 2>&1; then
        echo "$BASE is there from an earlier run"
        return
    fi
    local rootfs="$FOLDER/rootfs" container
    rm -rf "$rootfs"
    nice -n 10 debootstrap --variant=minbase --include=ca-certificates,python3,python3-venv \
        bookworm "$rootfs" >"$FOLDER/debootstrap.log" 2>&1 || fail "debootstrap: see $FOLDER/debootstrap.log"
    rm -rf "$rootfs"/var/cache/apt/archives/*.deb "$rootfs"/var/lib/apt/lists/*
    container=$(in_store from scratch)
    in_store add --quiet "$container" "$rootfs" / >/dev/null
    in_store commit --quiet --rm "$container" "$BASE" >/dev/null
    rm -rf "$rootfs"
    echo "$BASE was made by debootstrap"
}

build_images() {
    local tier
    # So that the build also works behind a proxy that inspects TLS.
    printf '[global]\ncert = %s\n' "$CA_BUNDLE" >"$FOLDER/pip.conf"
    for tier in "${TIERS[@]}"; do
        # OCI's own format knows no HEALTHCHECK.
        in_store build --isolation=chroot --format=docker --layers \
            --build-arg "BASE_IMAGE=$BASE" \
            --volume "$CA_BUNDLE:$CA_BUNDLE:ro" --volume "$FOLDER/pip.conf:/etc/pip.conf:ro" \
            --file "docker/$tier/Dockerfile" --tag "localhost/elastic-face-$tier" . \
            >"$FOLDER/build-$tier.log" 2>&1 || fail "docker/$tier/Dockerfile: see $FOLDER/build-$tier.log"
        in_store rm "prove-$tier" >/dev/null 2>&1 || true
        in_store from --name "prove-$tier" "localhost/elastic-face-$tier" >/dev/null
        proved "\`docker/$tier/Dockerfile\` builds on Debian bookworm with its own Python"
    done
    in_store images --format '{{.Name}} {{.Size}}' | grep -v none |
        sed -E 's|^localhost/(\S+) +|size: \1 |'
}

inspect_images() {
    local tier
    for tier in "${TIERS[@]}"; do
        [[ $(run_in "$tier" id -u) == "$SERVICE_UID" ]] || fail "$tier does not run as $SERVICE_UID"
        [[ $(configured "$tier" StopSignal) == SIGTERM ]] || fail "$tier has another stop signal"
        # shellcheck disable=SC2016 # the shell in the image expands these
        run_in "$tier" sh -euc '
            refuse() { echo "$*" >&2; exit 1; }
            for tool in gcc cc make pip; do
                ! command -v "$tool" || refuse "$tool is there"
            done
            test ! -e .env || refuse "a .env file is there"
            test ! -w core/__init__.py || refuse "the code is writable"
            python -c "import core.access.redis_client" || refuse "REDIS_URL has no client"
            models=$(find /opt/venv -name "shape_predictor_*.dat")
            test "${models##*/}" = shape_predictor_5_face_landmarks.dat || refuse "landmark models: $models"
        ' || fail "$tier contains what it should not"
        proved "$tier: no root, no compiler, no pip, no 68-point model, no .env, code read-only, a client for REDIS_URL"
    done
}

start_localstack() {
    local port
    port=$(free_port)
    .venv/bin/python scripts/run_localstack.py --port "$port" --folder "$FOLDER/localstack" \
        >"$FOLDER/localstack.log" 2>&1 &
    localstack=$!
    until_true 60 curl --fail --silent "http://127.0.0.1:$port/_localstack/health" ||
        fail "LocalStack did not start"
    web_port=$(free_port)
    settings=(
        --env "AWS_ENDPOINT_URL=http://127.0.0.1:$port"
        --env AWS_ACCESS_KEY_ID=test
        --env AWS_SECRET_ACCESS_KEY=test
        --env "WEB_PORT=$web_port"
    )
    address=http://127.0.0.1:$web_port
}

run_init() {
    run_in worker python scripts/init_aws.py
    run_in worker python scripts/init_aws.py >/dev/null
    proved "init: the worker's image makes buckets and queues, and twice does no harm"
}

try_tools() {
    local tool
    for tool in "scripts/efr.py collections list" "scripts/dlq.py list" "scripts/enroll.py --help"; do
        # shellcheck disable=SC2086 # a command line, split at its spaces
        run_in worker python $tool >"$FOLDER/tool.log" 2>&1 || fail "worker: $tool: $(tail -n 3 "$FOLDER/tool.log")"
        proved "worker: \`python $tool\` works"
    done
    run_in worker python app-tier/autoscaler.py >"$FOLDER/autoscaler.log" 2>&1 &
    frontend[autoscaler]=$!
    until_true 60 grep --quiet 'autoscaler started' "$FOLDER/autoscaler.log" ||
        fail "worker: app-tier/autoscaler.py did not start"
    stop autoscaler
}

run_web() {
    start web
    until_true 60 curl --fail --silent "$address/health" || fail "the web tier does not answer /health"
    proved "web: GET /health answers $(curl --silent "$address/health")"
    local refused
    refused=$(curl --silent --output /dev/null --write-out '%{http_code}' "$address/ready")
    [[ $refused == 401 ]] || fail "the web tier lets somebody in without a key: $refused"
    proved "web: GET /ready without a key answers $refused"
    key=$(run_in worker python scripts/efr.py keys create proof --admin 2>/dev/null) ||
        fail "worker: efr keys create"
    proved "web: GET /ready with a key answers $(curl --silent --header "X-API-Key: $key" "$address/ready")"
    curl --fail --silent --header "X-API-Key: $key" "$address/ready" >/dev/null ||
        fail "the web tier is not ready"
    healthy web || fail "web: its health check fails while it runs"
    proved "web: its health check fails before the start and passes now"
    require_unprivileged web
}

run_worker() {
    start worker
    until_true 90 healthy worker || fail "the worker did not become healthy"
    grep --quiet 'worker started' "$FOLDER/worker.log" || fail "the worker's log does not say that it started"
    proved "worker: it has loaded its models, and its health check, which failed before, passes"
    require_unprivileged worker
}

recognise() {
    local people="$FOLDER/people" answer
    rm -rf "$people"
    mkdir -p "$people/Barack Obama" "$people/Joe Biden"
    cp "var/samples/Barack Obama/obama.jpg" "$people/Barack Obama/"
    cp "var/samples/Joe Biden/biden.jpg" "$people/Joe Biden/"
    chmod -R a+rX "$people"
    mounts=(--volume "$people:/people:ro")
    run_in worker python scripts/enroll.py /people 2>"$FOLDER/enroll.log" || fail "enrolment: see $FOLDER/enroll.log"
    mounts=()
    answer=$(curl --silent --header "X-API-Key: $key" --form "inputFile=@var/samples/Barack Obama/obama2.jpg" "$address/")
    [[ $answer == *'"status":"done"'* && $answer == *'"result":"Barack Obama"'* ]] ||
        fail "expected Barack Obama, got $answer"
    proved "the whole path: enrolled from a mounted folder, uploaded, named Barack Obama"
}

stop_all() {
    stop web
    stop worker
    run_in worker touch --date='3 minutes ago' /tmp/worker.alive
    ! healthy worker 2>/dev/null || fail "worker: healthy with an alive file that is 3 minutes old"
    proved "worker: its health check fails when the alive file is 3 minutes old"
}

check_compose() {
    local compose
    for compose in "docker compose" docker-compose; do
        if [[ $($compose version --short 2>/dev/null) =~ ^v?[2-9] ]]; then
            $compose --env-file /dev/null config --quiet || fail "docker-compose.yml is not valid"
            $compose --env-file .env.example config --quiet || fail "docker-compose.yml is not valid with .env"
            proved "docker-compose.yml is valid for $compose $($compose version --short)"
            return
        fi
    done
    echo "not proved: docker-compose.yml was not validated, Docker Compose 2 is not installed"
}

cd "$(dirname "${BASH_SOURCE[0]}")/.."
require_tools
trap clean_up EXIT
step "Base image"
build_base
step "Build"
build_images
step "What is in the images"
inspect_images
step "The service, from the images"
start_localstack
run_init
try_tools
run_web
run_worker
recognise
step "Stop"
stop_all
step "Compose file"
check_compose
printf '\nPASS\n'
