#!/usr/bin/env bash
# Builds the image of a built program, without a container engine and without a network, and runs it hardened:
#   deploy/image.sh BINARY [FOLDER]        the image as an OCI layout in FOLDER/oci (default target/image), its bill of materials beside it
# Needs root (chroot isolation, runc) and the Debian packages buildah, runc and umoci: `.ci/install buildah runc umoci`. The same file system as
# deploy/Containerfile makes: deploy/image/rootfs lays both out. What is checked (reliability: S16) stands at the end; prints size and start.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
binary=$(readlink -f "${1:?usage: deploy/image.sh BINARY [FOLDER]}")
folder=${2:-$here/../target/image}
for tool in buildah runc umoci strip; do
  command -v "$tool" >/dev/null || { echo "$tool is not installed: .ci/install buildah runc umoci binutils" >&2; exit 2; }
done
[ "$(id -u)" = 0 ] || { echo "this needs root" >&2; exit 2; }
say() { printf '%s\n' "$*"; }
version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$here/../Cargo.toml" | head -n 1)
revision=$(git -C "$here" rev-parse --short=12 HEAD 2>/dev/null || echo unknown)

mkdir -p "$folder"
folder=$(readlink -f "$folder")
work=$(mktemp -d "$folder/work.XXXXXX")
container=x12-image-$$
export BUILDAH_ISOLATION=chroot STORAGE_DRIVER=vfs
storage=(--root "$work/storage" --runroot "$work/run")
end() {
  runc --root "$work/runc" delete --force "$container" >/dev/null 2>&1 || true
  rm -rf "$work"
}
trap end EXIT

# 1. The file system, and what it is made of.
strip -o "$work/x12-pipeline" "$binary"
"$here/image/sbom.py" "$work/x12-pipeline" >"$folder/sbom.cdx.json"
"$here/image/rootfs" "$work/x12-pipeline" "$folder/sbom.cdx.json" "$work/root"

# 2. The image.
from=$(buildah "${storage[@]}" from scratch)
buildah "${storage[@]}" copy -q "$from" "$work/root" / >/dev/null
buildah "${storage[@]}" config --user 65532:65532 --workingdir /house --port 9464 --stop-signal SIGTERM \
  --env X12_PIPELINE_HOME=/house --env X12_PIPELINE_LOG=json \
  --entrypoint '["/usr/local/bin/x12-pipeline"]' --cmd run \
  --label org.opencontainers.image.title=x12-pipeline \
  --label org.opencontainers.image.description="Moves X12 documents between trading partners" \
  --label org.opencontainers.image.licenses="MIT OR Apache-2.0" \
  --label org.opencontainers.image.version="$version" \
  --label org.opencontainers.image.revision="$revision" \
  --label org.opencontainers.image.base.name=scratch "$from"
buildah "${storage[@]}" commit -q --format oci "$from" "x12-pipeline:$version" >/dev/null
rm -rf "$folder/oci"
buildah "${storage[@]}" push -q "x12-pipeline:$version" "oci:$folder/oci:$version"
unpacked=$(du -sb "$work/root" | cut -f1)
packed=$(du -sb "$folder/oci" | cut -f1)
say "image: $((unpacked / 1000)) kB unpacked, of which the program $(($(stat -c %s "$work/x12-pipeline") / 1000)) kB; $((packed / 1000)) kB as an OCI layout"

# 3. Unpacked again, and run as no more than it needs to be.
umoci unpack --image "$folder/oci:$version" "$work/bundle" 2>"$work/umoci" >&2 || { cat "$work/umoci" >&2; exit 1; }
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
house=$work/house
mkdir -p "$house"
printf '[web]\nlisten = "127.0.0.1:%s"\n' "$port" >"$house/config.toml"
chown -R 65532:65532 "$house"
chmod 700 "$house"
profile=${SECCOMP_PROFILE:-/usr/share/containers/seccomp.json}
"$here/image/harden.py" "$work/bundle" "$profile" "$house"
begun=$(date +%s%N)
runc --root "$work/runc" run --bundle "$work/bundle" --detach --pid-file "$work/pid" "$container" >"$work/log" 2>&1 </dev/null || { cat "$work/log" >&2; exit 1; }
ask() { python3 -c 'import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1], timeout=5).read().decode(), end="")' "http://127.0.0.1:$port/$1" 2>/dev/null; }
until ask livez >/dev/null; do
  if [ $(($(date +%s%N) - begun)) -gt 60000000000 ] || ! kill -0 "$(cat "$work/pid")" 2>/dev/null; then
    cat "$work/log" >&2
    exit 1
  fi
  sleep 0.02
done
say "start: $((($(date +%s%N) - begun) / 1000000)) ms from runc to /livez, with new keys and a new ledger"
ask readyz | tr '\n' ' '
say

# 4. What must hold.
pid=$(cat "$work/pid")
status=/proc/$pid/status
hold() {
  if grep -Eq "$2" "$3"; then say "ok: $1"; else say "FAILED: $1" >&2; exit 1; fi
}
hold "uid and gid 65532" '^Uid:\s65532\s65532\s65532\s65532' "$status"
hold "no other group" '^Groups:\s*(65532 ?)?$' "$status"
for set in CapInh CapPrm CapEff CapBnd CapAmb; do hold "no capability in $set" "^$set:\s0+\$" "$status"; done
hold "NoNewPrivs 1" '^NoNewPrivs:\s1$' "$status"
hold "Seccomp 2" '^Seccomp:\s2$' "$status"
hold "root file system read-only" '^\S+ \S+ \S+ / / ro[, ]|^\S+ \S+ \S+ \S+ / ro[, ]' "/proc/$pid/mountinfo"
if find "$work/bundle/rootfs" -name '*sh' -path '*bin/*' | grep -q .; then say "FAILED: there is a shell" >&2; exit 1; fi
say "ok: no shell"
if find "$work/bundle/rootfs" -perm /6000 -type f | grep -q .; then say "FAILED: a set-user-id file" >&2; exit 1; fi
say "ok: no set-user-id file"
if "$binary" ready --help >/dev/null 2>&1; then
  runc --root "$work/runc" exec "$container" /usr/local/bin/x12-pipeline ready
  say "ok: ready, as the health check asks"
else
  say "not checked: this program has no \`ready\`"
fi
grep VmHWM "$status" | awk '{print "memory: " $2 " kB at most while idle"}'
stopped=$(date +%s%N)
runc --root "$work/runc" kill "$container" TERM
while [ "$(runc --root "$work/runc" state "$container" 2>/dev/null | python3 -c 'import json, sys; print(json.load(sys.stdin)["status"])')" = running ]; do sleep 0.02; done
grep -q '"stopped"' "$work/log" || grep -q stopped "$work/log" || { cat "$work/log" >&2; exit 1; }
say "ok: SIGTERM ends it in $((($(date +%s%N) - stopped) / 1000000)) ms"
