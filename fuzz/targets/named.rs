//! libFuzzer's door to [`fuzz::named`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::named(data));
