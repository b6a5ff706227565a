//! libFuzzer's door to [`fuzz::acknowledge_and_read`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::acknowledge_and_read(data));
