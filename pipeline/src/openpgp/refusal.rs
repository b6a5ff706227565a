//! Why an OpenPGP message is refused, as stable codes, and what failures of keys are called.

use crate::failure::Failure;

pub(super) const NOT_ENCRYPTED: Failure =
    Failure::quarantine("pgp-not-encrypted", "not an encrypted OpenPGP message");
pub(super) const NOT_FOR_US: Failure =
    Failure::quarantine("pgp-not-for-us", "encrypted to none of our keys");
pub(super) const UNSIGNED: Failure = Failure::quarantine("pgp-unsigned", "not signed");
pub(super) const SIGNER_UNKNOWN: Failure = Failure::quarantine(
    "pgp-signer-unknown",
    "signed by a key that is not this partner's",
);
pub(super) const SIGNATURE_BAD: Failure =
    Failure::quarantine("pgp-signature-bad", "a signature does not verify");
pub(super) const SIGNATURE_EARLY: Failure = Failure::quarantine(
    "pgp-signature-early",
    "signed at a time that is yet to come: a clock is wrong",
);
pub(super) const SIGNER_EXPIRED: Failure = Failure::quarantine(
    "pgp-signer-expired",
    "signed by a key that is expired, or not valid yet",
);
pub(super) const SIGNER_REVOKED: Failure =
    Failure::quarantine("pgp-signer-revoked", "signed by a revoked key");
pub(super) const WEAK: Failure = Failure::quarantine(
    "pgp-weak",
    "protected by an algorithm that is no longer safe",
);
pub(super) const TAMPERED: Failure =
    Failure::quarantine("pgp-tampered", "changed after it was encrypted");
pub(super) const CUT: Failure = Failure::quarantine("pgp-cut", "the message is cut short");
pub(super) const BOMB: Failure =
    Failure::quarantine("pgp-bomb", "decompresses to more than a document may be");
pub(super) const MALFORMED: Failure = Failure::quarantine(
    "pgp-malformed",
    "not encrypted, signed and packed the way documents are",
);

pub(super) const NO_SIGNER: Failure =
    Failure::permanent("pgp-no-signing-key", "none of our keys may sign now");
pub(super) const NO_RECIPIENT: Failure = Failure::permanent(
    "pgp-no-recipient",
    "the partner has no certificate to encrypt to now",
);
pub(super) const NOT_ENCRYPTABLE: Failure =
    Failure::permanent("pgp-encrypt", "the message could not be encrypted");
pub(super) const NOT_GENERATED: Failure =
    Failure::permanent("pgp-generate", "a key could not be made");
pub(super) const KEY_FILE: Failure =
    Failure::permanent("pgp-key-file", "a key file cannot be read or written");
pub(super) const KEY_FILE_LARGE: Failure =
    Failure::permanent("pgp-key-file-large", "a key file is too large");
pub(super) const KEY_FILE_OPEN: Failure = Failure::permanent(
    "pgp-key-file-open",
    "a file of secret keys may be read by others than its owner",
);
pub(super) const KEY_MALFORMED: Failure =
    Failure::permanent("pgp-key-malformed", "not OpenPGP keys or certificates");
pub(super) const KEY_PUBLIC: Failure = Failure::permanent("pgp-key-public", "holds no secret key");
pub(super) const KEY_SECRET: Failure = Failure::permanent(
    "pgp-key-secret",
    "a partner's certificate holds a secret key",
);
pub(super) const KEY_PASSPHRASE: Failure =
    Failure::permanent("pgp-key-passphrase", "the passphrase does not open the key");
