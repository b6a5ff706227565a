//! What is configured: the settings of the house, and a profile for each trading partner. TOML; every key has a default but the ids.
//!
//! An unknown key is an error that names the likeliest one, with file, line and column: a misspelt policy must not be a silent default.

mod check;
mod guides;
mod location;
mod settings;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use x12_parser::{
    AdvisedSets, GroupPolicy, Options, Rejects, SnipTypes, Ta1Note, Ta1Policy, Ta1Severity,
};

pub use check::{ProfileError, is_partner_id};
pub use location::{Bucket, DocumentQueue, Location};
pub use settings::{
    Backend, BrokerSettings, DatabaseSettings, KeyFiles, KmsSettings, Limits, QueueSettings, Retry,
    S3Settings, Scale, Service, Settings, SqsSettings, StoreSettings, Web, Work,
};

/// Test or production: what ISA15 must say.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Usage {
    /// ISA15 = T.
    #[default]
    Test,
    /// ISA15 = P.
    Production,
}

impl Usage {
    /// The usage indicator, ISA15.
    #[must_use]
    pub fn isa15(self) -> &'static str {
        match self {
            Self::Test => "T",
            Self::Production => "P",
        }
    }
}

/// A trading partner: `partners/ID.toml`.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// The file's name without its ending.
    #[serde(skip)]
    pub id: String,
    /// For people.
    #[serde(default)]
    pub name: String,
    /// Whether the partner tests or is in production.
    #[serde(default)]
    pub usage: Usage,
    /// Who the partner is in envelopes.
    pub theirs: Theirs,
    /// Who we are in envelopes to this partner.
    pub ours: Ours,
    /// Where files are exchanged; by default `exchange/ID/in` and `exchange/ID/out`.
    #[serde(default)]
    pub folder: Folder,
    /// How the partner's SFTP server is known, if files are exchanged there.
    #[serde(default)]
    pub sftp: Sftp,
    /// Encryption and signatures.
    #[serde(default)]
    pub pgp: Pgp,
    /// What documents are checked by, both ways.
    #[serde(default)]
    pub check: Check,
    /// When and how we answer.
    #[serde(default)]
    pub acknowledge: Acknowledge,
    /// What we think of the same control number twice.
    #[serde(default)]
    pub duplicates: Duplicates,
}

impl Profile {
    /// Qualifier and id, and the application code, that we write to: the first of each, and a checked profile has one.
    #[must_use]
    pub fn write_to(&self) -> (&str, &str) {
        (
            self.theirs.isa.first().map_or("", String::as_str),
            self.theirs.gs.first().map_or("", String::as_str),
        )
    }
}

/// Who the partner is in envelopes.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Theirs {
    /// Qualifiers and ids as `ISA05:ISA06`, `ZZ:ACME`; the first is the one that we write to.
    pub isa: Vec<String>,
    /// Application codes, GS02; the first is the one that we write to.
    pub gs: Vec<String>,
}

/// Who we are in envelopes to a partner.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Ours {
    /// Qualifier and id as `ISA07:ISA08`.
    pub isa: String,
    /// Application code, GS03.
    pub gs: String,
}

/// Where files are exchanged: folders, from the home folder, or buckets.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Folder {
    /// What the partner leaves for us.
    #[serde(rename = "in")]
    pub inbox: Option<Location>,
    /// What we leave for the partner.
    #[serde(rename = "out")]
    pub outbox: Option<Location>,
    /// How the name of a file ends that the partner leaves beside another when that is whole: `.done`. Without one beside it, a file waits.
    pub ready: Option<String>,
    /// The address of a queue of AWS's SQS into which the bucket `in` tells of what is left there:
    /// `https://sqs.REGION.amazonaws.com/ACCOUNT/QUEUE`. Without one, or if it says nothing, the bucket is listed.
    pub events: Option<String>,
}

/// How a partner's SFTP server is known, and we are there.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Sftp {
    /// A file with the private key with which we log in, from the home folder: nobody but its owner may read it.
    pub key_file: Option<PathBuf>,
    /// The server's host keys, as a known-hosts file has them behind the name, `ssh-ed25519 AAAA…`: any other server is another one.
    pub host_keys: Vec<String>,
}

/// Encryption and signatures.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Pgp {
    /// The partner's certificates, from the home folder; we encrypt to all of them, and any of them may sign.
    pub certificates: Vec<PathBuf>,
    /// Whether files that are not encrypted are let in, and ours go out plain. For tests and closed lines.
    pub plain: bool,
    /// Whether what we send is ASCII-armored.
    pub armored: bool,
}

impl Default for Pgp {
    fn default() -> Self {
        Self {
            certificates: Vec::new(),
            plain: false,
            armored: true,
        }
    }
}

/// What documents are checked by, both ways, beyond the guides that are built in.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Check {
    /// Types of check by the numbers of SNIP, `"1-5"`: all by default.
    #[serde(deserialize_with = "guides::snip")]
    pub snip: SnipTypes,
    /// Guides beside those that are built in, or in their place: files, from the home folder.
    pub guides: Vec<PathBuf>,
    /// Packs of rules for lines of service: `ambulance`.
    pub packs: Vec<String>,
    /// What the partner wants otherwise than a guide has it: overlays, from the home folder, laid one over the other.
    pub overlays: Vec<PathBuf>,
    /// A folder with external code lists, from the home folder, in place of those built in.
    pub codes: Option<PathBuf>,
}

/// [`Ta1Policy`] as it is written.
#[derive(Deserialize)]
#[serde(remote = "Ta1Policy", rename_all = "kebab-case")]
enum WrittenTa1 {
    WhenAsked,
    Always,
}

/// [`GroupPolicy`] as it is written.
#[derive(Deserialize)]
#[serde(remote = "GroupPolicy", rename_all = "kebab-case")]
enum WrittenGroups {
    Always,
    WhenFaulty,
    Never,
}

/// [`Rejects`] as it is written.
#[derive(Deserialize)]
#[serde(remote = "Rejects", rename_all = "kebab-case")]
enum WrittenRejects {
    Sets,
    Claims,
    Records,
}

/// Whether, and as whom, we answer claims with a 277CA.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum Claims {
    /// Not at all: what is accepted goes on whole.
    #[default]
    No,
    /// As their payer.
    AsPayer,
    /// As a clearinghouse on the way to it.
    AsClearinghouse,
}

/// Which transaction sets we advise on with an 824.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum Advice {
    /// None.
    #[default]
    No,
    /// Those of which no other answer tells all.
    Untold,
    /// All that are accepted.
    Accepted,
    /// Rejected ones too.
    All,
}

impl Advice {
    /// As the parser has it; none if there is no advice.
    #[must_use]
    pub fn sets(self) -> Option<AdvisedSets> {
        match self {
            Self::No => None,
            Self::Untold => Some(AdvisedSets::Untold),
            Self::Accepted => Some(AdvisedSets::Accepted),
            Self::All => Some(AdvisedSets::All),
        }
    }
}

/// When and how we answer.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Acknowledge {
    /// When a TA1 is sent: `when-asked`, `always`.
    #[serde(with = "WrittenTa1")]
    pub ta1: Ta1Policy,
    /// Notes of a TA1 that this partner takes otherwise: `{ "001" = "E" }`.
    #[serde(deserialize_with = "guides::severities")]
    pub ta1_severities: BTreeMap<Ta1Note, Ta1Severity>,
    /// Which groups are answered with a 997 or a 999: `always`, `when-faulty`, `never`.
    #[serde(with = "WrittenGroups")]
    pub groups: GroupPolicy,
    /// What a fault rejects: `sets`; `claims`, or `records`, so members too: their set is accepted with errors, and goes on without them.
    #[serde(with = "WrittenRejects")]
    pub rejects: Rejects,
    /// Whether claims are answered: then those rejected do not go on.
    pub claims: Claims,
    /// Which transaction sets are advised on with an 824: then records rejected in them do not go on.
    pub advice: Advice,
    /// Seconds between answers: those of one kind that came to be in the meantime leave together, as one file. 0: each at once, by itself.
    pub every_s: u32,
    /// Whether accepted transaction sets are listed one by one in a 997 or 999, and accepted claims in a 277CA.
    pub list_accepted: bool,
}

impl Acknowledge {
    /// When an answer that comes to be now leaves, in milliseconds since 1970; 0: at once.
    #[must_use]
    pub fn batch_ms(&self, now_ms: i64) -> i64 {
        let every = i64::from(self.every_s) * 1000;
        let passed = now_ms.checked_rem_euclid(every);
        passed.map_or(0, |passed| now_ms - passed + every)
    }

    /// Whether there are answers beyond TA1, 997 and 999.
    #[must_use]
    pub fn has_further(&self) -> bool {
        self.claims != Claims::No || self.advice != Advice::No
    }
}

impl Default for Acknowledge {
    fn default() -> Self {
        Self {
            ta1: Ta1Policy::WhenAsked,
            ta1_severities: BTreeMap::new(),
            groups: GroupPolicy::Always,
            rejects: Rejects::Sets,
            claims: Claims::No,
            advice: Advice::No,
            every_s: 0,
            list_accepted: true,
        }
    }
}

/// What we think of the same control number twice.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Duplicates {
    /// Whether an interchange whose control number came before is rejected, TA1 025.
    pub reject: bool,
    /// For how many days a control number is remembered.
    pub days: u32,
}

impl Default for Duplicates {
    fn default() -> Self {
        Self {
            reject: true,
            days: 400,
        }
    }
}

/// All that is configured, read from one home folder.
#[derive(Clone, Default)]
pub struct Profiles {
    /// The home folder: paths of settings and profiles begin there.
    pub home: PathBuf,
    /// The settings of the house.
    pub settings: Settings,
    /// The partners by id.
    pub partners: BTreeMap<String, Profile>,
    /// What their documents are read and checked by, by id.
    options: BTreeMap<String, Options>,
}

impl Profiles {
    /// Reads `config.toml` and `partners/*.toml` of a home folder; both may be missing.
    ///
    /// # Errors
    /// All that is wrong in any of the files, each with its place.
    pub fn read(home: &Path) -> Result<Self, Vec<ProfileError>> {
        check::read(home)
    }

    /// What the documents of a partner are read and checked by; none if there is no such partner.
    #[must_use]
    pub fn options(&self, partner: &str) -> Option<&Options> {
        self.options.get(partner)
    }

    /// A path of the settings or a profile.
    #[must_use]
    pub fn path(&self, path: &Path) -> PathBuf {
        self.home.join(path)
    }

    /// Where a partner leaves files for us.
    #[must_use]
    pub fn inbox(&self, partner: &Profile) -> Location {
        let usual = || Path::new("exchange").join(&partner.id).join("in").into();
        let inbox = partner.folder.inbox.clone().unwrap_or_else(usual);
        inbox.below(&self.home)
    }

    /// Where we leave files for a partner.
    #[must_use]
    pub fn outbox(&self, partner: &Profile) -> Location {
        let usual = || Path::new("exchange").join(&partner.id).join("out").into();
        let outbox = partner.folder.outbox.clone().unwrap_or_else(usual);
        outbox.below(&self.home)
    }

    /// A place of the backend for a partner: `submit`, `received`, `responses`.
    #[must_use]
    pub fn backend(&self, kind: &str, partner: &str) -> Location {
        let backend = self.settings.backend.folder.clone().below(&self.home);
        backend.join(kind).join(partner)
    }
}
