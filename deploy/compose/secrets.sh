#!/bin/sh
# Prints passwords and a key for a trial, made now: sh deploy/compose/secrets.sh > .env.compose
set -eu
for name in POSTGRES OWNER SERVICE RETENTION GRAFANA; do
  echo "${name}_PASSWORD=$(openssl rand -hex 32)"
done
echo "KEY_ENCRYPTION_KEYS=$(openssl rand -hex 32)"
