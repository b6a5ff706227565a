//! Looks at the records of a document before it is divided: how many there are, what they charge, and which sets must stay whole.

use std::io::Read;

use crate::block::Block;
use crate::chart::SegmentId;
use crate::entry::{Entry, EntryKind};
use crate::envelope::Envelope;
use crate::error::Error;
use crate::event::Event;
use crate::finding::Code;
use crate::options::Options;
use crate::record_counts::RecordCounts;
use crate::role_index::Standing;
use crate::source::ReadSource;
use crate::withheld::Withheld;

use super::follow::Follow;

/// The records of a transaction set.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SetRecords {
    /// Which transaction set it is.
    pub envelope: Envelope,
    /// Its records.
    pub counts: RecordCounts,
    /// Bytes from its header to behind its trailer.
    pub bytes: u64,
    /// Why it cannot be divided, if it cannot.
    pub undivided: Option<Undivided>,
    /// Its reference (BHT03), by which a 277CA names it; none if its guide has no records, or no reference.
    pub reference: Option<Withheld>,
}

/// Why a transaction set cannot be divided.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Undivided {
    /// No guide is known for it, or one that has no records, or no reference of the set: a payment binds all that it pays.
    Guide,
    /// The segment of its reference does not stand before its records.
    Reference,
    /// It is uncertain what belongs to which record.
    Structure {
        /// What is wrong.
        code: Code,
        /// Offset of what is wrong.
        at: u64,
    },
}

impl Undivided {
    /// The reason, in lower case and without a value.
    #[must_use]
    pub fn message(&self) -> &'static str {
        match self {
            Self::Guide => "its guide has nothing by which it could be divided",
            Self::Reference => "the segment of its reference is missing",
            Self::Structure { code, .. } => code.message(),
        }
    }
}

/// Tells the records of each transaction set, when it ends.
///
/// Of a set without `undivided`, [`readdress_records`](crate::readdress_records) can keep any records.
///
/// # Errors
/// [`Error`] if the document cannot be read at all, or not any further; also what `tell` returns.
///
/// # Examples
/// ```
/// # fn main() -> Result<(), x12_parser::Error> {
/// let document = b"ISA*00*          *00*          *ZZ*MADEUPSENDER   *ZZ*MADEUPRECEIVER *261123*1200*^*00501*000000905*0*T*:~\
/// GS*HP*A*B*20261123*1200*7*X*005010X221A1~ST*835*0001~SE*2*0001~GE*1*7~IEA*1*000000905~";
/// x12_parser::survey_records(&document[..], &Default::default(), |set| {
///     assert_eq!(set.undivided, Some(x12_parser::Undivided::Guide));
///     Ok(())
/// })
/// # }
/// ```
pub fn survey_records<R: Read>(
    document: R,
    options: &Options,
    tell: impl FnMut(&SetRecords) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut source = ReadSource::new(document, options.block_bytes);
    let mut blocks = super::blocks(options, true);
    let mut block = blocks.empty();
    let mut look = Look {
        tell,
        envelope: Envelope::default(),
        set: None,
    };
    while blocks.fill(&mut source, &mut block)? {
        look.block(&block)?;
    }
    Ok(())
}

struct Look<F> {
    tell: F,
    envelope: Envelope,
    set: Option<Open>,
}

/// The open transaction set.
#[derive(Default)]
struct Open {
    follow: Option<Follow>,
    begun: bool,
    counts: RecordCounts,
    bytes: u64,
    undivided: Option<Undivided>,
}

impl<F: FnMut(&SetRecords) -> Result<(), Error>> Look<F> {
    fn block(&mut self, block: &Block<'_>) -> Result<(), Error> {
        let mut entries = block.layout.entries.iter();
        let mut findings = block.placed.findings.iter();
        for event in &block.placed.events {
            match event {
                Event::Entry(definition) => {
                    let Some(entry) = entries.next() else { break };
                    self.entry(block, entry, *definition);
                }
                Event::OpenInterchange => self.envelope.open_interchange(),
                Event::OpenGroup => self.envelope.open_group(),
                Event::CloseGroup => self.envelope.close_group(),
                Event::OpenSet(chart) => {
                    self.envelope.open_set();
                    let chart = block.placed.charts.get(usize::from(*chart));
                    self.set = Some(Open::new(chart.and_then(Follow::new)));
                }
                Event::CloseSet => self.close_set()?,
                Event::OpenLoop(index) => self.with_follow(|set, follow| {
                    if follow.open(*index) == Standing::Record && !follow.is_referenced() {
                        set.doubt(Undivided::Reference);
                    }
                }),
                Event::CloseLoop => self.with_follow(|set, follow| {
                    if follow.close() == Standing::Record {
                        set.counts.add(follow.charge());
                    }
                }),
                Event::Finding => {
                    let finding = findings.next();
                    self.with_follow(|set, follow| {
                        if let Some(finding) = finding.filter(|finding| follow.doubts(finding)) {
                            let (code, at) = (finding.code, finding.offset);
                            set.doubt(Undivided::Structure { code, at });
                        }
                    });
                }
                Event::CloseInterchange | Event::Place => {}
            }
        }
        Ok(())
    }

    fn entry(&mut self, block: &Block<'_>, entry: &Entry, definition: u16) {
        if let Some(set) = &mut self.set {
            set.bytes += u64::from(entry.next - entry.start);
        }
        if !entry.kind.is_segment() {
            return;
        }
        let segment = block.segment(entry);
        match &mut self.set {
            Some(set) if !set.begun => {
                set.begun = true;
                self.envelope.read_st(&segment);
            }
            Some(set) => {
                if let Some(follow) = &mut set.follow {
                    follow.segment(definition, &segment);
                }
            }
            None if entry.kind == EntryKind::Header => self.envelope.read_isa(&segment),
            None if SegmentId::of(&segment) == SegmentId::new(b"GS") => {
                self.envelope.read_gs(&segment);
            }
            None => {}
        }
    }

    /// Does something with the open transaction set, if its guide has records.
    fn with_follow(&mut self, act: impl FnOnce(&mut Open, &mut Follow)) {
        let Some(set) = &mut self.set else {
            return;
        };
        if let Some(mut follow) = set.follow.take() {
            act(set, &mut follow);
            set.follow = Some(follow);
        }
    }

    fn close_set(&mut self) -> Result<(), Error> {
        if let Some(set) = self.set.take() {
            (self.tell)(&SetRecords {
                envelope: self.envelope.clone(),
                counts: set.counts,
                bytes: set.bytes,
                undivided: set.undivided,
                reference: set.follow.as_ref().and_then(Follow::batch).cloned(),
            })?;
        }
        self.envelope.close_set();
        Ok(())
    }
}

impl Open {
    fn new(follow: Option<Follow>) -> Self {
        let divisible = follow.as_ref().and_then(Follow::reference);
        Self {
            undivided: divisible.is_none().then_some(Undivided::Guide),
            follow,
            ..Self::default()
        }
    }

    fn doubt(&mut self, why: Undivided) {
        self.undivided.get_or_insert(why);
    }
}
