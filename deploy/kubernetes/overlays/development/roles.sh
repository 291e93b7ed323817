#!/bin/sh
# Makes the roles that the service, its migrations and its clean-up work by. The image of PostgreSQL runs it once, on
# an empty data directory; what each role may do is for "token-auth migrate" to say.
set -eu
psql -v ON_ERROR_STOP=1 -U postgres -d postgres \
  -v owner="$OWNER_PASSWORD" -v service="$SERVICE_PASSWORD" -v retention="$RETENTION_PASSWORD" <<'SQL'
CREATE ROLE token_auth_owner LOGIN PASSWORD :'owner';
CREATE ROLE token_auth LOGIN PASSWORD :'service';
CREATE ROLE token_auth_retention LOGIN PASSWORD :'retention';
CREATE DATABASE token_auth OWNER token_auth_owner;
SQL
