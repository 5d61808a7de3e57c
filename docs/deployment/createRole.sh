#!/bin/sh
# The role and the database of the server, when PostgreSQL starts for the first time. The role has no attribute but `login`.
set -eu
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --set password="$POSTGRES_PASSWORD" <<'SQL'
create role arkloop login password :'password';
create database arkloop owner arkloop;
revoke all on database arkloop from public;
SQL
