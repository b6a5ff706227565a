#!/usr/bin/env bash
# Builds the image of a built program, without a container engine and without a network, and runs it hardened:
#   deploy/image.sh BINARY [FOLDER]        the image as an OCI layout in FOLDER/oci (default target/image), its bill of materials beside it
# Needs root (chroot isolation, runc) and the Debian packages buildah, runc and umoci: `.ci/install buildah runc umoci`. The same file system as
# deploy/Containerfile makes: deploy/image/rootfs lays both out. What is checked (reliability: S16) stands at the end, a claim on its way through
# it included; prints size, start and memory.
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
"$here/image/sizes.py" "$folder/oci" "$(stat -c %s "$work/x12-pipeline")"

# 3. Unpacked again, and run as no more than it needs to be, in a house with a partner.
umoci unpack --image "$folder/oci:$version" "$work/bundle" 2>"$work/umoci" >&2 || { cat "$work/umoci" >&2; exit 1; }
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
house=$work/house
mkdir -p "$house/partners" "$house/exchange/acme/in"
printf '[web]\nlisten = "127.0.0.1:%s"\n[work]\npoll_ms = 50\n' "$port" >"$house/config.toml"
cat >"$house/partners/acme.toml" <<'END'
[theirs]
isa = ["ZZ:MADEUPSENDER"]
gs = ["MADEUP"]
[ours]
isa = "ZZ:MADEUPRECEIVER"
gs = "RECEIVER"
[pgp]
plain = true
END
chown -R 65532:65532 "$house"
chmod 700 "$house"
profile=${SECCOMP_PROFILE:-/usr/share/containers/seccomp.json}
"$here/image/harden.py" "$work/bundle" "$profile" "$house"
# What a page says, without a program that would have to start first.
ask() {
  local line is_body=
  { exec 3<>"/dev/tcp/127.0.0.1/$port"; } 2>/dev/null || return 1
  printf 'GET /%s HTTP/1.0\r\n\r\n' "$1" >&3
  read -r line <&3 || true
  if [[ $line != *' 200 '* ]]; then
    exec 3>&-
    return 1
  fi
  while read -r line; do
    [ -z "$is_body" ] || printf '%s\n' "$line"
    [ "$line" != $'\r' ] || is_body=yes
  done <&3
  exec 3>&-
}
ms() { echo $((($(date +%s%N) - $1) / 1000000)); }
fail() { printf 'FAILED: %s\n' "$1" >&2; cat "$work/log" >&2; exit 1; }
# Starts it, and waits until it is ready: the milliseconds are in $took.
start() {
  local begun
  begun=$(date +%s%N)
  runc --root "$work/runc" run --bundle "$work/bundle" --pid-file "$work/pid" "$container" >"$work/log" 2>&1 </dev/null &
  runs=$!
  until ask readyz >"$work/ready"; do
    if ! kill -0 "$runs" 2>/dev/null || [ "$(ms "$begun")" -gt 60000 ]; then fail "it is not ready within a minute"; fi
    sleep 0.005
  done
  took=$(ms "$begun")
  pid=$(cat "$work/pid")
}
# Tells it to stop: it must end well.
stop() {
  local begun ended=0
  begun=$(date +%s%N)
  runc --root "$work/runc" kill "$container" TERM
  wait "$runs" || ended=$?
  took=$(ms "$begun")
  [ "$ended" = 0 ] || fail "SIGTERM ends it with $ended"
  grep -q '"stopped"' "$work/log" || fail "it does not say that it stopped"
}
start
say "start: $took ms from runc to ready, with new keys and a new ledger"
tr '\n' ' ' <"$work/ready"
say

# 4. What must hold.
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
runc --root "$work/runc" exec "$container" /usr/local/bin/x12-pipeline ready >/dev/null || fail "it is not ready, says the health check"
say "ok: ready, as the health check asks"
memory() { grep "$1" "$status" | awk '{print $2}'; }
idle=$(memory VmRSS)
# The partner leaves claims, this one with a control number of its own.
leave() {
  left=$(date +%s%N)
  sed "s/000000001/00000000$1/" "$here/../samples/005010X222A1/one-claim.edi" >"$work/claim"
  install -o 65532 -g 65532 -m 600 "$work/claim" "$house/exchange/acme/in/$1.edi"
}
# Waits until so many lines stand there.
wait_for() {
  until [ "$(eval "$2" 2>/dev/null | wc -l)" -ge "$1" ]; do
    [ "$(ms "$left")" -lt 60000 ] || fail "a claim does not go its way"
    sleep 0.01
  done
}
answered='ls "$house"/exchange/acme/out/acknowledgment-*'
forwarded='ls "$house"/backend/received/acme/document-*'
leave 1
wait_for 1 "$answered"
wait_for 1 "$forwarded"
say "ok: a claim is answered and forwarded, $(ms "$left") ms after it was left"
say "memory: $idle kB when it is ready, $(memory VmHWM) kB at most by now"
leave 2
wait_for 2 "grep '\"taken in\"' $work/log"
stop
say "ok: SIGTERM ends it with 0, in $took ms, with a claim on its way"
for _ in 1 2 3 4 5; do
  start
  echo "$took" >>"$work/starts"
  stop
done
start
wait_for 2 "$answered"
wait_for 2 "$forwarded"
stop
say "ok: that claim is answered and forwarded in the end"
say "start: $(sort -n "$work/starts" | sed -n 3p) ms from runc to ready in the house as it is by then, median of $(sort -n "$work/starts" | tr '\n' ' ')"
