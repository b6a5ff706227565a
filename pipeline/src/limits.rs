//! Every bound of the pipeline, so that nothing from outside can make it use more memory, time or space than it has.

/// Plain bytes of one chunk of a sealed object: the STREAM construction authenticates each by itself.
pub const CHUNK_BYTES: usize = 64 << 10;

/// Bytes of one object's plain text; 4 GiB, as a document's in `x12-parser`.
pub const OBJECT_BYTES: u64 = 4 << 30;

/// How many times its size a compressed OpenPGP message may grow to (reliability §8.2, S3).
pub const COMPRESSION_RATIO: u64 = 100;

/// Plain bytes up to which that ratio is not asked: small texts compress well.
pub const COMPRESSION_FREE_BYTES: u64 = 16 << 20;

/// Facts of a document that a stage keeps until its job is recorded; when there are more, these are recorded ahead.
pub const FACTS: usize = 10_000;

/// Bytes of one file of configuration, key file or certificate.
pub const CONFIG_BYTES: u64 = 1 << 20;

/// Bytes of the name of a key-encryption key: one byte says how many they are.
pub const KEY_ID_BYTES: usize = 255;

/// Bytes of a wrapped data key: 60 from a key file, about 200 from a key service.
pub const WRAPPED_KEY_BYTES: usize = 1024;

/// Bytes at the start of a file in which an OpenPGP armor's header lines must end.
pub const PGP_HEADER_BYTES: u64 = 4 << 10;

/// Plain bytes that are held back until more are known to follow; sequoia asks for twice as many.
pub const PGP_BUFFER_BYTES: usize = 256 << 10;

/// Session keys, that is recipients, of one OpenPGP message; each of ours costs a private-key operation.
pub const PGP_RECIPIENTS: usize = 64;

/// Signatures on one OpenPGP message; each is hashed apart.
pub const PGP_SIGNATURES: usize = 8;

/// How far a signer's clock may be ahead of ours.
pub const PGP_CLOCK_SKEW: std::time::Duration = std::time::Duration::from_secs(300);

/// Bytes of a document that comes or goes inside a message: RabbitMQ 4 takes none longer than this, unless it is told to (reliability §1).
pub const MESSAGE_BYTES: u64 = 16 << 20;

/// Objects of which one event tells; those of S3 tell of one each.
pub const EVENT_OBJECTS: usize = 100;

/// How far the clocks of those that share a ledger may be apart, in milliseconds: what was written down later than that from now was
/// written by a clock that was wrong, and whatever was to wait by it waits no longer.
pub const CLOCK_SKEW_MS: i64 = 60_000;

/// The longest that a message waits before its job is looked at again, in milliseconds: the last of the broker's tiers.
pub const AGAIN_MS: i64 = 900_000;

/// Answers that leave as one file.
pub const BATCH: usize = 10_000;
