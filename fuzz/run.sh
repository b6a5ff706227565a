#!/usr/bin/env bash
# Runs each libFuzzer target for so many seconds (60 unless told otherwise), from the samples and from what was found before.
# cargo-fuzz wants a nightly compiler; RUSTC_BOOTSTRAP lets the stable one do, and only for this.
set -euo pipefail
cd "$(dirname "$0")"
seconds=${1:-60}
command -v cargo-fuzz >/dev/null || { echo "installing cargo-fuzz 0.13.2"; cargo install --locked cargo-fuzz@0.13.2; }
command -v c++ >/dev/null || ../.ci/install g++
mkdir -p target/seeds
find ../samples corpus -type f -exec cp {} target/seeds/ \;
for target in read json there_and_back acknowledge readdress account records; do
    echo "== $target, $seconds s"
    mkdir -p "target/found/$target"
    RUSTC_BOOTSTRAP=1 cargo fuzz run --fuzz-dir . --features libfuzzer "$target" "target/found/$target" target/seeds -- \
        -max_total_time="$seconds" -max_len=20000 -timeout=20 -print_final_stats=1 2>&1 | grep -E "cov:|stat::|ERROR|panicked|Test unit" | tail -12
done
