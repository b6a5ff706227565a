//! libFuzzer's door to [`fuzz::readdress_and_read`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::readdress_and_read(data));
