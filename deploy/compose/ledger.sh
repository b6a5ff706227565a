#!/bin/bash
# Once, when the database is made: the pipeline's user, who owns its database and nothing else.
set -euo pipefail
psql -v ON_ERROR_STOP=1 -v password="$(cat /run/secrets/ledger.password)" -U postgres <<'END'
CREATE ROLE x12 LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'password';
CREATE DATABASE x12 OWNER x12;
REVOKE CONNECT ON DATABASE x12 FROM PUBLIC;
END
