//! Every bound of the pipeline, so that nothing from outside can make it use more memory, time or space than it has.

/// Plain bytes of one chunk of a sealed object: the STREAM construction authenticates each by itself.
pub const CHUNK_BYTES: usize = 64 << 10;

/// Bytes of one object's plain text; 4 GiB, as a document's in `x12-parser`.
pub const OBJECT_BYTES: u64 = 4 << 30;

/// How many times its size a compressed OpenPGP message may grow to (reliability §8.2, S3).
pub const COMPRESSION_RATIO: u64 = 100;

/// Plain bytes up to which that ratio is not asked: small texts compress well.
pub const COMPRESSION_FREE_BYTES: u64 = 16 << 20;

/// Bytes of one file of configuration, key file or certificate.
pub const CONFIG_BYTES: u64 = 1 << 20;

/// Bytes of the name of a key-encryption key: one byte says how many they are.
pub const KEY_ID_BYTES: usize = 255;

/// Bytes of a wrapped data key: 60 from a key file, about 200 from a key service.
pub const WRAPPED_KEY_BYTES: usize = 1024;
