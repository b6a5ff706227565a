//! libFuzzer's door to [`fuzz::there_and_back`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::there_and_back(data));
