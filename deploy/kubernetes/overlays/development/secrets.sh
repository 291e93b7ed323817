#!/bin/sh
# Prints the Secrets of a trial, with passwords and keys made now: sh secrets.sh | kubectl apply -f -
set -eu
random() { openssl rand -hex 32; }
namespace=token-auth-development
owner=$(random) service=$(random) retention=$(random)
at=token-auth-postgres:5432/token_auth
cat <<YAML
apiVersion: v1
kind: Namespace
metadata:
  name: $namespace
---
apiVersion: v1
kind: Secret
metadata:
  name: token-auth-postgres
  namespace: $namespace
stringData:
  POSTGRES_PASSWORD: $(random)
  OWNER_PASSWORD: $owner
  SERVICE_PASSWORD: $service
  RETENTION_PASSWORD: $retention
---
apiVersion: v1
kind: Secret
metadata:
  name: token-auth
  namespace: $namespace
stringData:
  DATABASE_URL: postgres://token_auth:$service@$at
  RETENTION_DATABASE_URL: postgres://token_auth_retention:$retention@$at
  KEY_ENCRYPTION_KEYS: $(random)
---
apiVersion: v1
kind: Secret
metadata:
  name: token-auth-migrate
  namespace: $namespace
stringData:
  DATABASE_URL: postgres://token_auth_owner:$owner@$at
YAML
