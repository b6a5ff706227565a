//! All doors of a process in one place: what a stage may use.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use x12_parser::Options;

use crate::clock::Clock;
use crate::failure::{Failure, Result};
use crate::job::{Address, Parcel};
use crate::ledger::Ledger;
use crate::measures::Measures;
use crate::openpgp::{self, Certificates, Decryption, Encryption, SecretKeys};
use crate::profile::{Profile, Profiles};
use crate::protection::Protection;
use crate::queue::Queue;
use crate::seal::Vault;
use crate::transport::Transport;

/// There is no partner of that id any more.
const UNKNOWN: Failure =
    Failure::transient("partner-unknown", "the trading partner has no profile");

/// How long ledger and queue may take to answer: a loss is noticed within 30 seconds, with what looks for it below (reliability §7, F5).
const ANSWER: Duration = Duration::from_secs(20);

const SILENT: Failure = Failure::transient("no-answer", "ledger or queue did not answer in time");

/// What a stage may use.
pub struct Doors {
    /// What was received, is to be done, and came of it.
    pub ledger: Arc<dyn Ledger>,
    /// What says that there is something to do.
    pub queue: Arc<dyn Queue>,
    /// Sealed objects.
    pub vault: Vault,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What is configured.
    pub profiles: Arc<Profiles>,
    /// Our OpenPGP keys.
    pub ours: SecretKeys,
    /// The partners' certificates.
    pub certificates: Certificates,
    /// Where parcels go, by partner.
    pub ways: BTreeMap<String, Ways>,
    /// What the process counts.
    pub measures: Measures,
    /// What keeps the process from being ended while jobs are in hand.
    pub protection: Protection,
    /// Where ledger and queue do their work.
    pub handle: Handle,
}

/// Where what concerns a partner goes.
pub struct Ways {
    /// To the partner.
    pub partner: Arc<dyn Transport>,
    /// To our own systems: documents.
    pub documents: Arc<dyn Transport>,
    /// To our own systems: responses.
    pub responses: Arc<dyn Transport>,
}

impl Doors {
    /// The profile of a partner.
    ///
    /// # Errors
    /// [`Failure::Transient`] if there is none any more: it may come back with the next start.
    pub fn profile(&self, partner: &str) -> Result<&Profile> {
        self.profiles.partners.get(partner).ok_or(UNKNOWN)
    }

    /// What the documents of a partner are read and checked by.
    ///
    /// # Errors
    /// As [`Self::profile`].
    pub fn options(&self, partner: &str) -> Result<&Options> {
        self.profiles.options(partner).ok_or(UNKNOWN)
    }

    /// The way of a parcel.
    ///
    /// # Errors
    /// As [`Self::profile`].
    pub fn way(&self, partner: &str, to: Address, parcel: Parcel) -> Result<&dyn Transport> {
        let ways = self.ways.get(partner).ok_or(UNKNOWN)?;
        Ok(match (to, parcel) {
            (Address::Partner, _) => &*ways.partner,
            (Address::Backend, Parcel::Response) => &*ways.responses,
            (Address::Backend, _) => &*ways.documents,
        })
    }

    /// What a partner's message is decrypted with.
    #[must_use]
    pub fn decryption(&self, partner: &str) -> Decryption<'_> {
        Decryption {
            ours: &self.ours,
            from: self.certificates.of(partner),
            now: self.clock.now(),
            options: self.bounds(),
        }
    }

    fn bounds(&self) -> openpgp::Options {
        let limits = &self.profiles.settings.limits;
        let mut options = openpgp::Options::default();
        options.bounds.bytes = options.bounds.bytes.min(limits.document_bytes);
        options.bounds.ratio = limits.compression_ratio;
        options
    }

    /// What a message to a partner is encrypted with.
    #[must_use]
    pub fn encryption(&self, profile: &Profile) -> Encryption<'_> {
        Encryption {
            ours: &self.ours,
            to: self.certificates.of(&profile.id),
            armored: profile.pgp.armored,
            now: self.clock.now(),
        }
    }

    /// How long a lease is, in milliseconds.
    #[must_use]
    pub fn lease_ms(&self) -> i64 {
        let seconds = self.profiles.settings.work.lease_s;
        i64::try_from(seconds.saturating_mul(1000)).unwrap_or(i64::MAX)
    }

    /// Waits for the ledger from within a stage, which blocks anyway.
    ///
    /// # Errors
    /// As [`Self::in_time`].
    pub fn wait<T>(&self, asked: impl Future<Output = Result<T>>) -> Result<T> {
        self.handle.block_on(self.in_time(asked))
    }

    /// Waits for ledger or queue, but not for ever: a connection whose other end is gone tells nobody.
    ///
    /// # Errors
    /// What is answered, or [`Failure::Transient`] if nothing is.
    pub async fn in_time<T>(&self, asked: impl Future<Output = Result<T>>) -> Result<T> {
        let answer = tokio::time::timeout(ANSWER, asked).await;
        answer.unwrap_or_else(|_| {
            tracing::warn!("ledger or queue did not answer in time");
            Err(SILENT)
        })
    }
}
