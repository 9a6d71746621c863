#!/usr/bin/env bash
# Shows on a real cluster what no test without one can: smoke.sh CONTEXT [REGISTRY]
#
# Installs the chart with LocalStack into a namespace of its own that enforces the restricted Pod
# Security Standard, tries it, and removes the namespace again. REGISTRY has both images. Needs
# kubectl, helm and curl; PHOTO names a photo with a face. With KEDA in the cluster, KEDA scales.
set -euo pipefail
cd "$(dirname "$0")"

context=${1:?usage: smoke.sh CONTEXT [REGISTRY]}
registry=${2:-}
photo=${PHOTO:?set PHOTO to a photo with a face}
namespace=efr-smoke-$$
forward=
kube() { kubectl --context "$context" --namespace "$namespace" "$@"; }
chart() { helm --kube-context "$context" --namespace "$namespace" "$@"; }
efr() { kube exec deployment/efr-shell -- python scripts/efr.py "$@"; }
passed() { echo "PASS: $1"; }
failed() {
    echo "FAIL: $1" >&2
    exit 1
}
end() {
    [ -z "$forward" ] || kill "$forward" 2>/dev/null || true
    kubectl --context "$context" delete namespace "$namespace" --wait=false >/dev/null
}
# poll SECONDS COMMAND: until it succeeds
poll() {
    local until=$((SECONDS + $1))
    shift
    until "$@"; do
        [ "$SECONDS" -lt "$until" ] || return 1
        sleep 2
    done
}
workers() { kube get deployment efr-worker --output 'jsonpath={.status.readyReplicas}'; }
no_workers() { [ "$(workers)" = "" ]; }
some_workers() { [ "$(workers)" != "" ]; }
answered() { curl --fail --silent --header "X-API-Key: $key" "$url/status/$1" | grep --quiet '"status":"done"'; }
upload() {
    curl --fail --silent --header "X-API-Key: $key" --header 'Prefer: respond-async' \
        --form "inputFile=@$photo" "$url/" | sed -n 's/.*"job_id": *"\([^"]*\)".*/\1/p'
}
# reaches HOST PORT: whether a pod that is none of the service's connects
reaches() {
    local name=stranger-$RANDOM
    kube apply --filename - >/dev/null <<POD
apiVersion: v1
kind: Pod
metadata: {name: $name}
spec:
  restartPolicy: Never
  automountServiceAccountToken: false
  securityContext: {runAsNonRoot: true, runAsUser: 10001, seccompProfile: {type: RuntimeDefault}}
  containers:
    - name: stranger
      image: $image
      command: [python, -c, "import socket; socket.create_connection(('$1', $2), timeout=5)"]
      securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
POD
    kube wait --for 'jsonpath={.status.phase}=Succeeded' "pod/$name" --timeout 60s >/dev/null 2>&1
}

trap end EXIT
kubectl --context "$context" create namespace "$namespace" >/dev/null
kubectl --context "$context" label namespace "$namespace" \
    pod-security.kubernetes.io/enforce=restricted pod-security.kubernetes.io/warn=restricted >/dev/null
scaling=none
if kubectl --context "$context" get crd scaledobjects.keda.sh >/dev/null 2>&1; then scaling=keda; fi
chart install efr elastic-face-recognition --values elastic-face-recognition/ci/dev.yaml \
    --set "images.registry=$registry,worker.scaling=$scaling,keda.authentication=secret" \
    --set-string settings.RESULT_CACHE_SECONDS=0 >/dev/null
passed "the API server and the restricted standard admit every object"

kube rollout status deployment/efr-localstack --timeout 300s >/dev/null || failed "LocalStack does not start"
kube wait --for condition=complete job/efr-setup-1 --timeout 300s >/dev/null || failed "the set-up Job fails"
kube rollout status deployment/efr-web --timeout 300s >/dev/null || failed "the web tier does not start"
kube rollout status deployment/efr-shell --timeout 300s >/dev/null || failed "the shell does not start"
passed "the pods start with a read-only root, as user 10001"

key=$(efr keys create smoke --admin)
# Not by the function, whose subshell would be ended instead.
kubectl --context "$context" --namespace "$namespace" port-forward service/efr-web 18000:80 >/dev/null &
forward=$!
url=http://localhost:18000
poll 30 curl --fail --silent --output /dev/null "$url/health" || failed "the Service does not answer"
passed "the Service reaches the web tier"

if [ "$scaling" = keda ]; then
    poll 300 no_workers || failed "KEDA does not scale to none"
    passed "KEDA scales the idle workers to none"
fi
job=$(upload)
poll 180 some_workers || failed "no worker starts"
poll 120 answered "$job" || failed "the first job is not answered"
passed "an upload is answered"

jobs=()
for _ in $(seq 20); do jobs+=("$(upload)"); done
kube delete pod --selector app.kubernetes.io/component=worker --wait=false >/dev/null
for job in "${jobs[@]}"; do
    poll 180 answered "$job" || failed "a job was lost with its worker"
done
passed "workers that are told to stop with jobs in hand lose none"

image=$(kube get deployment efr-worker --output 'jsonpath={.spec.template.spec.containers[0].image}')
web=$(kube get pod --selector app.kubernetes.io/component=web --output 'jsonpath={.items[0].status.podIP}')
reaches kubernetes.default.svc 443 || failed "a stranger reaches nothing, so refusals say nothing"
if reaches "$web" 9464; then failed "a stranger reads metrics: nothing enforces NetworkPolicies"; fi
if reaches "$web" 8000; then failed "a stranger reaches the web tier"; fi
passed "the NetworkPolicies refuse a stranger"
chart upgrade efr elastic-face-recognition --reuse-values --set settings.LOG_LEVEL=DEBUG >/dev/null
kube rollout status deployment/efr-web --timeout 300s >/dev/null || failed "the upgrade does not end"
chart rollback efr 1 >/dev/null
kube rollout status deployment/efr-web --timeout 300s >/dev/null || failed "the roll-back does not end"
passed "upgrade and roll-back"
