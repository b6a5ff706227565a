//! libFuzzer's door to [`fuzz::divide`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::divide(data));
