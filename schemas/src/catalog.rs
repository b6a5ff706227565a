//! The guides at hand, found by what a document says of itself, and the external code lists that they name.

use std::sync::{Arc, OnceLock};

use crate::builtin::{self, Builtin};
use crate::compiler::{self, Error, File, Standard};
use crate::table::{CodeList, Guide, means};

/// The version of the standard that HIPAA has adopted (45 CFR 162, subparts K to R).
const ADOPTED: &str = "005010";

/// The built-in guides and external code lists, and those added to them.
///
/// A clone shares what has been loaded. Where a guide that was added has the identifier and the transaction set of a built-in one, it
/// takes its place; so does a list with the name of a built-in one.
#[derive(Clone, Debug)]
pub struct Catalog {
    added: Vec<Arc<Guide>>,
    added_lists: Vec<Arc<CodeList>>,
    loaded: Arc<Loaded>,
}

/// What has been loaded of the built-in tables.
#[derive(Debug, Default)]
struct Loaded {
    guides: Box<[OnceLock<Arc<Guide>>]>,
    envelope: OnceLock<Arc<Guide>>,
    standards: OnceLock<Vec<Standard>>,
    lists: OnceLock<Vec<Arc<CodeList>>>,
}

/// A guide that answers to what a document says of itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Match {
    /// The guide.
    pub guide: Arc<Guide>,
    /// Whether it was found by an alias, such as the identifier of its base.
    pub by_alias: bool,
}

/// What tells a guide from others, at hand without loading it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Entry<'a> {
    /// Identifier: `005010X222A1`. Request and response of one guide share it.
    pub id: &'a str,
    /// Transaction set identifier code, ST01: `837`.
    pub set: &'a str,
    /// Functional identifier code, GS01: `HC`.
    pub group: &'a str,
    /// What people call it: `837P`.
    pub name: &'a str,
    /// Our own name, in camel case.
    pub label: &'a str,
}

impl Default for Catalog {
    fn default() -> Self {
        Self::builtin()
    }
}

impl Catalog {
    /// The guides that are built in; each is loaded when it is first asked for.
    pub fn builtin() -> Self {
        let guides = builtin::GUIDES.iter().map(|_| OnceLock::new()).collect();
        Self {
            added: Vec::new(),
            added_lists: Vec::new(),
            loaded: Arc::new(Loaded {
                guides,
                ..Loaded::default()
            }),
        }
    }

    /// This catalog and one guide more, which takes the place of one with its identifier and transaction set.
    #[must_use]
    pub fn with(mut self, guide: impl Into<Arc<Guide>>) -> Self {
        let guide = guide.into();
        self.added
            .retain(|added| (&added.id, &added.set) != (&guide.id, &guide.set));
        self.added.push(guide);
        self
    }

    /// This catalog and one external code list more, which takes the place of one with its name.
    #[must_use]
    pub fn with_list(mut self, list: impl Into<Arc<CodeList>>) -> Self {
        let list = list.into();
        self.added_lists.retain(|added| added.name != list.name);
        self.added_lists.push(list);
        self
    }

    /// The guide of an identifier; of several, as request and response may share one, that of the lowest transaction set.
    pub fn guide(&self, id: &str) -> Option<Arc<Guide>> {
        let named = self.names().filter(|name| name.id == id);
        named
            .min_by_key(|name| name.set)
            .map(|name| self.load(name.source))
    }

    /// The guide of an identifier and a transaction set.
    pub fn guide_of_set(&self, id: &str, set: &str) -> Option<Arc<Guide>> {
        self.names()
            .find(|name| name.id == id && name.set == set)
            .map(|name| self.load(name.source))
    }

    /// The guide that a transaction set follows, by GS01, GS08, ST01 and ST03.
    ///
    /// Its transaction set must be ST01. ST03 counts for more than GS08, and an identifier for more than an alias; one of the two may
    /// hold the base and the other its errata. ST03 is passed over where it is empty, where no guide answers to it, and by guides that
    /// do not use it. GS01 decides only between guides that fit equally well: whether it is right is for the reader of the envelope.
    pub fn find(&self, gs01: &str, gs08: &str, st01: &str, st03: Option<&str>) -> Option<Match> {
        let st03 = st03.filter(|st03| !st03.is_empty());
        let fits = self
            .names()
            .filter(|name| name.set == st01)
            .filter_map(|name| {
                let by_set = st03
                    .filter(|_| name.identified_by_set)
                    .and_then(|st03| name.answers(st03));
                let by_group = name.answers(gs08);
                let rank = (by_set, by_group, name.group == gs01);
                by_set.or(by_group).map(|answer| (rank, answer, name))
            });
        // Of equals the first: what was added stands before what is built in.
        let best = fits.reduce(|best, other| if other.0 > best.0 { other } else { best });
        best.map(|(_, answer, name)| Match {
            guide: self.load(name.source),
            by_alias: answer == Answer::Alias,
        })
    }

    /// The guides that a word means: an identifier, with its transaction set (`005010X279A1/271`) where several share it, or else what people
    /// call them (`837P`), in capitals or not. Of several versions so called it is the one of 005010, which HIPAA has adopted.
    pub fn called(&self, word: &str) -> Vec<Entry<'_>> {
        let word = word.to_ascii_uppercase();
        let mut found = self.entries();
        let is_meant = |entry: &Entry<'_>| means(&word, &entry.id.to_ascii_uppercase(), entry.set);
        if found.iter().any(is_meant) {
            found.retain(is_meant);
            return found;
        }
        found.retain(|entry| entry.name.eq_ignore_ascii_case(&word));
        let is_adopted = |entry: &Entry<'_>| entry.id.starts_with(ADOPTED);
        if found.iter().any(is_adopted) {
            found.retain(is_adopted);
        }
        found
    }

    /// Identifiers of all guides, each once, in order.
    pub fn ids(&self) -> Vec<&str> {
        let mut ids: Vec<_> = self.names().map(|name| name.id).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// All guides in order of identifier and transaction set, without loading them.
    pub fn entries(&self) -> Vec<Entry<'_>> {
        let mut entries: Vec<_> = self
            .names()
            .map(
                |Name {
                     id,
                     set,
                     group,
                     name,
                     label,
                     ..
                 }| Entry {
                    id,
                    set,
                    group,
                    name,
                    label,
                },
            )
            .collect();
        entries.sort_unstable_by_key(|entry| (entry.id, entry.set));
        entries
    }

    /// The control segments around transaction sets: ISA, TA1, GS, ST, SE, GE, IEA.
    pub fn envelope(&self) -> Arc<Guide> {
        Arc::clone(
            self.loaded
                .envelope
                .get_or_init(|| Arc::new(open(builtin::ENVELOPE))),
        )
    }

    /// Compiles a guide against the built-in standard layer; `file` is the name that errors quote.
    ///
    /// # Errors
    ///
    /// As [`compiler::guide`]: every fault found in the text, with line and column.
    pub fn compile(&self, file: &str, text: &str) -> Result<Guide, Vec<Error>> {
        let standards = self
            .loaded
            .standards
            .get_or_init(|| open(builtin::STANDARDS));
        compiler::guide(File { name: file, text }, standards)
    }

    /// Lays an overlay over the guide that it names, which may have others already; `file` is the name that errors quote.
    ///
    /// # Errors
    ///
    /// As [`compiler::overlay`]: every fault found in the text, with line and column.
    pub fn overlay(&self, file: &str, text: &str) -> Result<Guide, Vec<Error>> {
        let named = |reference: &str| {
            let named = self.names();
            let named = named.filter(|name| means(reference, name.id, name.set));
            named
                .map(|name| Arc::unwrap_or_clone(self.load(name.source)))
                .collect()
        };
        compiler::overlay(File { name: file, text }, named)
    }

    /// Names of the built-in packs of rules, each for a line of service: `ambulance`.
    pub fn packs(&self) -> Vec<&'static str> {
        let mut names: Vec<_> = builtin::PACKS.iter().map(|(name, ..)| *name).collect();
        names.dedup();
        names
    }

    /// The guides that a pack of rules is for, with its rules; none if there is no such pack.
    ///
    /// # Errors
    ///
    /// As [`compiler::overlay`], if a guide at hand is so changed that a rule finds nothing to look at.
    pub fn pack(&self, name: &str) -> Result<Vec<Guide>, Vec<Error>> {
        let files = builtin::PACKS.iter().filter(|(pack, ..)| *pack == name);
        files
            .map(|(_, file, text)| self.overlay(file, text))
            .collect()
    }

    /// The external code list of a name, as [`Element::list`](crate::table::Element::list) has it; none if it is not at hand.
    pub fn list(&self, name: &str) -> Option<Arc<CodeList>> {
        let builtin = || {
            self.loaded.lists.get_or_init(|| {
                let lists: Vec<CodeList> = open(builtin::LISTS);
                lists.into_iter().map(Arc::new).collect()
            })
        };
        let named = |lists: &[Arc<CodeList>]| lists.iter().find(|list| list.name == name).cloned();
        named(&self.added_lists).or_else(|| named(builtin()))
    }

    /// Compiles external code lists, all those of a file; `file` is the name that errors quote.
    ///
    /// # Errors
    ///
    /// As [`compiler::lists`]: every fault found in the text, with line and column.
    pub fn compile_lists(&self, file: &str, text: &str) -> Result<Vec<CodeList>, Vec<Error>> {
        compiler::lists(File { name: file, text })
    }

    /// All guides, those that were added first, without those whose place they take.
    fn names(&self) -> impl Iterator<Item = Name<'_>> {
        let added = self.added.iter().map(Name::of_added);
        let builtin = builtin::GUIDES
            .iter()
            .zip(&self.loaded.guides)
            .map(|(guide, loaded)| Name::of_builtin(guide, loaded));
        let replaced = |name: &Name<'_>| {
            self.added
                .iter()
                .any(|added| added.id == name.id && added.set == name.set)
        };
        added.chain(builtin.filter(move |name| !replaced(name)))
    }

    fn load(&self, source: Source<'_>) -> Arc<Guide> {
        match source {
            Source::Added(guide) => Arc::clone(guide),
            Source::Builtin(bytes, loaded) => {
                Arc::clone(loaded.get_or_init(|| Arc::new(open(bytes))))
            }
        }
    }
}

/// What a guide is found by, and where its tables are.
#[derive(Clone, Copy)]
struct Name<'a> {
    id: &'a str,
    set: &'a str,
    group: &'a str,
    name: &'a str,
    label: &'a str,
    identified_by_set: bool,
    aliases: Aliases<'a>,
    source: Source<'a>,
}

#[derive(Clone, Copy)]
enum Aliases<'a> {
    Added(&'a [String]),
    Builtin(&'a [&'static str]),
}

#[derive(Clone, Copy)]
enum Source<'a> {
    Added(&'a Arc<Guide>),
    Builtin(&'static [u8], &'a OnceLock<Arc<Guide>>),
}

/// How well an identifier fits a guide, the better the greater.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Answer {
    Alias,
    Identifier,
}

impl<'a> Name<'a> {
    fn of_added(guide: &'a Arc<Guide>) -> Self {
        Self {
            id: &guide.id,
            set: &guide.set,
            group: &guide.group,
            name: &guide.name,
            label: &guide.label,
            identified_by_set: guide.identified_by_set,
            aliases: Aliases::Added(&guide.aliases),
            source: Source::Added(guide),
        }
    }

    fn of_builtin(guide: &'static Builtin, loaded: &'a OnceLock<Arc<Guide>>) -> Self {
        Self {
            id: guide.id,
            set: guide.set,
            group: guide.group,
            name: guide.name,
            label: guide.label,
            identified_by_set: guide.identified_by_set,
            aliases: Aliases::Builtin(guide.aliases),
            source: Source::Builtin(guide.bytes, loaded),
        }
    }

    fn answers(&self, word: &str) -> Option<Answer> {
        let aliased = match self.aliases {
            Aliases::Added(aliases) => aliases.iter().any(|alias| alias == word),
            Aliases::Builtin(aliases) => aliases.contains(&word),
        };
        if self.id == word {
            Some(Answer::Identifier)
        } else {
            aliased.then_some(Answer::Alias)
        }
    }
}

/// Reads what `build.rs` wrote.
fn open<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> T {
    postcard::from_bytes(bytes).expect("build.rs wrote these bytes from the same tables")
}
