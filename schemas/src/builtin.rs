//! What `build.rs` compiled: the guides, the envelope, the standard layer and the external code lists, serialised.

/// A built-in guide: what finds it, and its tables.
pub(crate) struct Builtin {
    pub(crate) id: &'static str,
    pub(crate) set: &'static str,
    pub(crate) group: &'static str,
    pub(crate) name: &'static str,
    pub(crate) label: &'static str,
    pub(crate) aliases: &'static [&'static str],
    pub(crate) identified_by_set: bool,
    /// A [`crate::table::Guide`] in postcard.
    pub(crate) bytes: &'static [u8],
}

include!(concat!(env!("OUT_DIR"), "/builtin.rs"));
