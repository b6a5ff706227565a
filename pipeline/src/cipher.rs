//! Cryptography in the house's words: random bytes, AES-256-GCM for keys, STREAM for chunks, HMAC-SHA-256 for digests.
//!
//! The door of `aead-stream`, `aes-gcm`, `hmac`, `sha2`, `getrandom` and `zeroize`; everything that decides what is bound to what
//! stands in `keys` and `seal`.

use aead_stream::{NewStream, StreamBE32, StreamPrimitive};
use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::{Zeroize, Zeroizing};

use crate::failure::{Failure, Result};

/// Bytes of every key here.
pub const KEY_BYTES: usize = 32;

/// Bytes that authenticate a chunk or a wrapped key.
pub const TAG_BYTES: usize = 16;

/// Bytes of the nonce that are random per object; the other 5 of 12 are STREAM's counter and its flag of the last chunk.
pub const PREFIX_BYTES: usize = 7;

/// Bytes of a nonce of AES-GCM.
const NONCE_BYTES: usize = 12;

/// Random bytes of the operating system.
pub fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    fill(&mut bytes)?;
    Ok(bytes)
}

/// Bytes in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn fill(bytes: &mut [u8]) -> Result<()> {
    getrandom::fill(bytes).map_err(|_| {
        Failure::transient(
            "no-randomness",
            "the operating system gives no random bytes",
        )
    })
}

/// A key: on the heap, so that moving it leaves no copies; wiped when dropped, and never shown.
pub struct Secret(Box<Zeroizing<[u8; KEY_BYTES]>>);

impl Secret {
    /// A new one.
    pub fn random() -> Result<Self> {
        let mut secret = Self(Box::default());
        fill(&mut secret.0[..])?;
        Ok(secret)
    }

    /// The key of these bytes; none if there are more or fewer.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let mut secret = Self(Box::default());
        let exact = bytes.len() == KEY_BYTES;
        exact.then(|| {
            secret.0.copy_from_slice(bytes);
            secret
        })
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }

    /// Another key under this one, with a random nonce before it; `bound` must be the same to unwrap it.
    pub fn wrap(&self, other: &Self, bound: &[u8]) -> Result<Vec<u8>> {
        let nonce = random::<NONCE_BYTES>()?;
        let payload = Payload {
            msg: other.bytes(),
            aad: bound,
        };
        let sealed = self
            .cipher()
            .encrypt(&nonce.into(), payload)
            .map_err(|_| Failure::permanent("key-unusable", "the key wraps nothing"))?;
        Ok([&nonce[..], &sealed].concat())
    }

    /// What was wrapped; none if it was not by this key, bound to something else, or changed.
    pub fn unwrap(&self, wrapped: &[u8], bound: &[u8]) -> Option<Self> {
        let (nonce, sealed) = wrapped.split_first_chunk::<NONCE_BYTES>()?;
        let payload = Payload {
            msg: sealed,
            aad: bound,
        };
        let bytes = self.cipher().decrypt(&(*nonce).into(), payload).ok()?;
        Self::of(&Zeroizing::new(bytes))
    }

    fn cipher(&self) -> Aes256Gcm {
        Aes256Gcm::new(self.bytes().into())
    }
}

/// The chunks of one object, in order: STREAM with a counter of 32 bits, over AES-256-GCM.
pub struct Stream {
    primitive: StreamBE32<Aes256Gcm>,
    position: u32,
    /// What every chunk is bound to.
    bound: Vec<u8>,
}

impl Stream {
    /// Begins at the first chunk; a key and prefix may be used for one object only.
    pub fn new(key: &Secret, prefix: [u8; PREFIX_BYTES], bound: Vec<u8>) -> Self {
        Self {
            primitive: StreamBE32::from_aead(key.cipher(), &prefix.into()),
            position: 0,
            bound,
        }
    }

    /// Seals the next chunk in its place and puts its tag behind it; none past the last position.
    pub fn seal(&mut self, chunk: &mut Vec<u8>, last: bool) -> Option<()> {
        let position = self.next(last)?;
        self.primitive
            .encrypt_in_place(position, last, &self.bound, chunk)
            .ok()
    }

    /// Opens the next chunk in its place and takes its tag off; none, and the chunk as it was, if it is not authentic.
    pub fn open(&mut self, chunk: &mut Vec<u8>, last: bool) -> Option<()> {
        let position = self.next(last)?;
        self.primitive
            .decrypt_in_place(position, last, &self.bound, chunk)
            .ok()
    }

    /// The position of this chunk; the highest is kept for a last one.
    fn next(&mut self, last: bool) -> Option<u32> {
        let position = self.position;
        if !last {
            self.position = position.checked_add(1)?;
        }
        Some(position)
    }
}

/// Plain bytes, wiped when dropped; what lies behind their end was sealed in its place and is not plain any more.
pub struct Plain(pub Vec<u8>);

impl Plain {
    /// Room for so many bytes: must never grow, or copies stay behind.
    pub fn with_room(bytes: usize) -> Self {
        Self(Vec::with_capacity(bytes))
    }
}

impl Drop for Plain {
    fn drop(&mut self) {
        self.0.as_mut_slice().zeroize();
    }
}

/// A digest that only who has the key can compute or check a guess with.
#[derive(Clone)]
pub struct Digester(Hmac<Sha256>);

impl Digester {
    /// Digests of one purpose: those of different purposes cannot be compared.
    pub fn new(key: &Secret, purpose: &str) -> Self {
        let mut derived = Self::keyed(key.bytes());
        derived.update(purpose.as_bytes());
        Self::keyed(&Zeroizing::new(derived.finish()))
    }

    fn keyed(key: &[u8; KEY_BYTES]) -> Self {
        Self(Hmac::new_from_slice(key).expect("HMAC accepts keys of any length"))
    }

    /// Takes in more bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of all bytes.
    pub fn finish(self) -> [u8; KEY_BYTES] {
        self.0.finalize().into_bytes().into()
    }
}
