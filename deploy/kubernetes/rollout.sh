#!/bin/sh
# Rolls an overlay out: everything but the pods first, the migration, and when that has ended, the pods.
# usage: rollout.sh <overlay>, such as: sh deploy/kubernetes/rollout.sh deploy/kubernetes/overlays/production
set -eu
component=app.kubernetes.io/component
manifests=$(mktemp)
trap 'rm -f "$manifests"' EXIT
kubectl kustomize "$1" > "$manifests"
namespace=$(sed -n 's/^  namespace: //p' "$manifests" | head -n 1)

# A Job can't be changed, so those of the last rollout make room.
kubectl --namespace "$namespace" delete job --selector "$component in (migrate, bootstrap)" --ignore-not-found
kubectl apply --filename "$manifests" --selector "$component notin (service, bootstrap)"
outcome() {
  kubectl --namespace "$namespace" get job --selector "$component=migrate" \
    --output 'jsonpath={.items[*].status.conditions[?(@.status=="True")].type}'
}
echo 'Waiting for the migration…' >&2
seconds=0
until outcome | grep --quiet --word-regexp 'Complete\|Failed'; do
  sleep 2
  seconds=$((seconds + 2))
  # What keeps it from running, such as an image that can't be pulled, shows there.
  if [ $((seconds % 30)) -eq 0 ]; then kubectl --namespace "$namespace" get pods --selector "$component=migrate" >&2; fi
done
if ! outcome | grep --quiet --word-regexp Complete; then
  kubectl --namespace "$namespace" logs --selector "$component=migrate" --tail=20
  echo 'The migration failed; the pods of before go on.' >&2
  exit 1
fi
kubectl apply --filename "$manifests"
kubectl --namespace "$namespace" rollout status deployment/token-auth --timeout=15m
