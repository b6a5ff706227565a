#!/bin/sh
# The buckets, and a user who may use these alone.
set -eu
mc alias set --quiet x12 https://s3:9000 "$(cat /run/secrets/s3.user)" "$(cat /run/secrets/s3.password)" >/dev/null
mc mb --quiet --ignore-existing x12/x12-store x12/x12-backend
mc admin policy create x12 x12-pipeline /buckets.json
mc admin user add x12 x12 "$(cat /run/secrets/s3-pipeline.password)" >/dev/null
mc admin policy attach x12 x12-pipeline --user x12 2>/dev/null || mc admin policy entities x12 --user x12 | grep -q x12-pipeline
