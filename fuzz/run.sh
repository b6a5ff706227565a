#!/usr/bin/env bash
# Runs each libFuzzer target, or those named behind it, for so many seconds (60 unless told otherwise), from the samples and from what was found before.
# cargo-fuzz wants a nightly compiler; RUSTC_BOOTSTRAP lets the stable one do, and only for this.
# What brings a target down is kept in artifacts/: give it a name, move it to corpus/, and mend the fault.
set -euo pipefail
cd "$(dirname "$0")"
seconds=${1:-60}
export RUSTC_BOOTSTRAP=1
command -v cargo-fuzz >/dev/null || { echo "installing cargo-fuzz 0.13.2"; cargo install --locked cargo-fuzz@0.13.2; }
command -v c++ >/dev/null || ../.ci/install g++
[ $# -gt 1 ] && targets=("${@:2}") || targets=(read json there_and_back acknowledge advise records readdress divide merge account named)
for target in "${targets[@]}"; do
    echo "== $target, $seconds s"
    mkdir -p "target/found/$target"
    cargo fuzz build --fuzz-dir . --features libfuzzer "$target"
    cargo fuzz run --fuzz-dir . --features libfuzzer "$target" "target/found/$target" corpus ../samples -- \
        -max_total_time="$seconds" -max_len=20000 -timeout=20 -print_final_stats=1 2>&1 |
        grep -E "DONE|stat::|ERROR|panicked|SUMMARY|Test unit" | tail -12
done
