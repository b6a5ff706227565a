//! libFuzzer's door to [`fuzz::advise_and_read`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::advise_and_read(data));
