//! OpenPGP off: decrypts a message of a partner and verifies who signed it.

use std::io::{self, Read, Write};
use std::panic::{self, AssertUnwindSafe};
use std::time::SystemTime;

use sequoia_openpgp::parse::Parse;
use sequoia_openpgp::parse::stream::DecryptorBuilder;
use sequoia_openpgp::policy::StandardPolicy;
use sequoia_openpgp::{Error, anyhow};
use zeroize::Zeroizing;

use super::examine::{Examiner, Seen, Signer};
use super::keys::{Certificate, SecretKeys};
use super::refusal;
use super::source::{self, Passed};
use crate::failure::{Failure, Result};
use crate::limits;
use crate::store::failure;

/// What a message is decrypted with.
pub struct Decryption<'a> {
    /// Our keys.
    pub ours: &'a SecretKeys,
    /// The certificates of the partner that the message must come from.
    pub from: &'a [Certificate],
    /// The time.
    pub now: SystemTime,
    /// What the partner's profile asks for.
    pub options: Options,
}

/// What a partner's profile asks of messages.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Options {
    /// A message without a signature is refused. If not, signatures that are there must still be good.
    pub require_signature: bool,
    /// How large a message may become.
    pub bounds: Bounds,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            require_signature: true,
            bounds: Bounds::default(),
        }
    }
}

/// How large a message may become.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Bounds {
    /// Bytes of plain text.
    pub bytes: u64,
    /// How many times its size a message may grow to.
    pub ratio: u64,
    /// Bytes of plain text up to which that is not asked.
    pub free: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            bytes: limits::OBJECT_BYTES,
            ratio: limits::COMPRESSION_RATIO,
            free: limits::COMPRESSION_FREE_BYTES,
        }
    }
}

impl Bounds {
    /// Whether so much plain text may come out of so much message.
    fn allow(&self, plain: u64, message: u64) -> bool {
        plain <= self.bytes && (plain <= self.free || plain <= message.saturating_mul(self.ratio))
    }
}

/// A message that was decrypted and is what it should be.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Opened {
    /// Who signed it; none only where the options allow it.
    pub signer: Option<Signer>,
    /// Bytes of plain text.
    pub bytes: u64,
}

/// Decrypts a message, armored or binary, into `plain`.
///
/// `Ok` means: encrypted to one of our keys with its integrity protected, unchanged and whole; every signature good and by a key of
/// the partner's that was good when it signed and is good now; packed as encrypted, maybe compressed, signed, nothing else. Memory
/// does not grow with the message.
///
/// **What was written before an `Err` must be dropped**: OpenPGP shows at the end whether it was all right. Write into a sealed
/// draft, and publish it after `Ok` only.
///
/// # Errors
/// [`Failure::Quarantine`] if the message is refused: `pgp-not-encrypted`, `pgp-not-for-us`, `pgp-unsigned`, `pgp-signer-unknown`,
/// `pgp-signature-bad`, `pgp-signature-early`, `pgp-signer-expired`, `pgp-signer-revoked`, `pgp-weak`, `pgp-tampered`, `pgp-cut`, `pgp-bomb`,
/// `pgp-malformed`; a byte changed on the way shows as `pgp-tampered`, or as what it made of the message. If `message` or `plain` failed, what [`failure`] makes of that.
pub fn decrypt(
    message: impl Read + Send,
    with: &Decryption<'_>,
    mut plain: impl Write,
) -> Result<Opened> {
    let passed = Passed::default();
    let packets = source::packets(message, &passed)?;
    let mut seen = Seen::default();
    let watch = Watch {
        with,
        passed: &passed,
        seen: &mut seen,
    };
    // sequoia 2.4.2 panics at encrypted data of version 1 that is shorter than 40 bytes, or whose armor is broken there. All that the
    // message has touched is dropped.
    let copied = panic::catch_unwind(AssertUnwindSafe(|| copy(packets, watch, &mut plain)));
    let faultless = seen.passed && passed.failure().is_none() && !passed.is_cut();
    match copied.unwrap_or(Err(Stop::Unsaid)) {
        Ok(bytes) if faultless => Ok(Opened {
            signer: seen.signer,
            bytes,
        }),
        Ok(_) | Err(Stop::Unsaid) => Err(judge(None, &seen, &passed)),
        Err(Stop::Sequoia(error)) => Err(judge(Some(&error), &seen, &passed)),
        Err(Stop::Known(failure)) => Err(failure),
    }
}

/// What watches a message.
struct Watch<'a> {
    with: &'a Decryption<'a>,
    passed: &'a Passed,
    seen: &'a mut Seen,
}

/// Why a message is not read on.
enum Stop {
    Known(Failure),
    Sequoia(anyhow::Error),
    /// It was not the end, or sequoia panicked.
    Unsaid,
}

impl From<anyhow::Error> for Stop {
    fn from(error: anyhow::Error) -> Self {
        Self::Sequoia(error)
    }
}

/// Copies the plain text of a message, within its bounds.
fn copy(
    packets: impl Read + Send + Sync,
    watch: Watch<'_>,
    plain: &mut dyn Write,
) -> std::result::Result<u64, Stop> {
    let Watch { with, passed, seen } = watch;
    let policy = StandardPolicy::at(with.now);
    let examiner = Examiner {
        with,
        policy: &policy,
        seen,
    };
    let latest = with.now + limits::PGP_CLOCK_SKEW;
    let mut decryptor = DecryptorBuilder::from_reader(packets)?
        .buffer_size(limits::PGP_BUFFER_BYTES)
        .with_policy(&policy, latest, examiner)?;
    let mut chunk = Zeroizing::new(vec![0; limits::CHUNK_BYTES]);
    let mut bytes = 0;
    loop {
        let length = match decryptor.read(&mut chunk) {
            Ok(0) => break,
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Stop::Sequoia(error.into())),
        };
        bytes += length as u64;
        if !with.options.bounds.allow(bytes, passed.bytes()) {
            return Err(Stop::Known(refusal::BOMB));
        }
        let written = plain.write_all(chunk.get(..length).unwrap_or_default());
        written.map_err(|error| Stop::Known(failure(&error)))?;
    }
    match decryptor.message_processed() {
        true => Ok(bytes),
        false => Err(Stop::Unsaid),
    }
}

/// Finds out what an error of sequoia means. A reader that failed explains everything, a cut file what looks odd at its end; what the
/// examiner refused is exact.
fn judge(error: Option<&anyhow::Error>, seen: &Seen, passed: &Passed) -> Failure {
    if let Some(failure) = passed.failure() {
        return failure;
    }
    if passed.is_cut() || (seen.is_headless() && passed.has_ended()) {
        return refusal::CUT;
    }
    if let Some(failure) = seen.refused.or(seen.unopened) {
        return failure;
    }
    match error.and_then(|error| error.downcast_ref()) {
        Some(Error::PolicyViolation(..)) => refusal::WEAK,
        Some(Error::MalformedMessage(_)) if seen.lacks_signature() => refusal::SIGNATURE_BAD,
        Some(Error::MalformedMessage(_)) => refusal::MALFORMED,
        _ if seen.is_detected() && seen.lacks_signature() => refusal::SIGNATURE_BAD,
        _ if seen.is_encrypted() => refusal::TAMPERED,
        _ => refusal::MALFORMED,
    }
}
