//! How often each fault is made (reliability §7): in `make test`, and in `make faults`, which sets `X12_FAULTS=nightly`.

/// So often usually, or so often in a night.
pub fn times(usual: u32, nightly: u32) -> u32 {
    match std::env::var("X12_FAULTS").as_deref() {
        Ok("nightly") => nightly,
        _ => usual,
    }
}
