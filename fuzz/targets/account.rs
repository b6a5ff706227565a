//! libFuzzer's door to [`fuzz::account`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::account(data));
