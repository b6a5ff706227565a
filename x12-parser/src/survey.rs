//! Who sends what to whom, and how much of it: the envelopes alone, no guide walked.

use std::io::Read;
use std::sync::Arc;

use crate::block::{Block, Blocks, Stage};
use crate::delimiters::Delimiters;
use crate::entry::EntryKind;
use crate::error::Error;
use crate::event::Event;
use crate::finding::{Code, Finding, Identity};
use crate::options::Options;
use crate::parallel;
use crate::place::Extent;
use crate::replay::{PlacedSegment, Replay, Step};

/// What an interchange holds.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Survey {
    /// ISA01 to ISA16 as written, the security information of ISA02 and ISA04 left empty.
    pub isa: Vec<String>,
    /// Its delimiters.
    pub delimiters: Delimiters,
    /// Bytes after each terminator.
    pub suffix: Vec<u8>,
    /// Offset of its first byte.
    pub offset: u64,
    /// Segments, its header and trailer among them.
    pub segments: u64,
    /// Groups.
    pub groups: u64,
    /// Kinds of transaction set, each with the first of its groups to say so.
    pub sets: Vec<SetKind>,
    /// What in it has no end: the interchange, groups and sets without trailers, a segment without terminator.
    pub incomplete: Vec<Incomplete>,
    /// How many more of these were counted, not kept.
    pub incomplete_omitted: u64,
}

/// A part of an interchange that has no end.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Incomplete {
    /// Which part: [`Code::InterchangeTrailerMissing`], [`Code::GroupTrailerMissing`], [`Code::SetTrailerMissing`] or
    /// [`Code::SegmentUnterminated`].
    pub code: Code,
    /// Which group of the interchange, from one; 0 outside any.
    pub group: u32,
    /// Which transaction set of the group, from one; 0 outside any.
    pub set: u32,
    /// Their control numbers.
    pub identity: Arc<Identity>,
    /// Offset where the end should stand, or where the segment begins that has none.
    pub offset: u64,
}

/// How many transaction sets of a kind there are.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct SetKind {
    /// GS01, functional identifier code.
    pub gs01: String,
    /// GS08, version.
    pub gs08: String,
    /// ST01, transaction set identifier code.
    pub st01: String,
    /// The guide that we check it by, if there is one.
    pub guide: Option<String>,
    /// How many.
    pub count: u64,
    /// Their segments.
    pub segments: u64,
}

/// Kinds of transaction set that are told apart in one interchange.
const KINDS: usize = 256;

/// Parts without an end that are told of one interchange.
const INCOMPLETE: usize = 256;

/// Surveys a document; `tell` gets each interchange when it has ended.
///
/// # Errors
/// [`Error`] if the document cannot be read at all, or not any further.
pub fn survey<R, T>(document: R, options: &Options, mut tell: T) -> Result<(), Error>
where
    R: Read + Send,
    T: FnMut(&Survey) -> Result<(), Error> + Send,
{
    let mut open: Option<Survey> = None;
    let mut join = |seen: &mut Vec<Seen>| {
        for seen in seen.drain(..) {
            match (seen, &mut open) {
                (Seen::Interchange(survey), open) => *open = Some(*survey),
                (Seen::Group, Some(survey)) => survey.groups += 1,
                (Seen::Set(kind), Some(survey)) => survey.add(kind),
                (Seen::Segments { all, of_set }, Some(survey)) => survey.count(all, of_set),
                (Seen::Incomplete(part), Some(survey)) => survey.lack(part),
                (Seen::End, open) => {
                    if let Some(survey) = open.take() {
                        tell(&survey)?;
                    }
                }
                (_, None) => {}
            }
        }
        Ok(())
    };
    let blocks = Blocks::new(options.charts(), options.limits, Extent::Envelopes);
    parallel::run(document, options, blocks, &Look, &mut join)
}

impl Survey {
    /// Counts one transaction set; its kind moves to the end, where its segments are counted.
    fn add(&mut self, kind: SetKind) {
        let same = |k: &SetKind| {
            k.gs01 == kind.gs01
                && k.gs08 == kind.gs08
                && k.st01 == kind.st01
                && k.guide == kind.guide
        };
        let at = match self.sets.iter().position(same) {
            Some(at) => at,
            None if self.sets.len() < KINDS => {
                self.sets.push(kind);
                self.sets.len() - 1
            }
            None => return,
        };
        self.sets[at].count += 1;
        let last = self.sets.len() - 1;
        self.sets.swap(at, last);
    }

    fn lack(&mut self, part: Incomplete) {
        if self.incomplete.len() < INCOMPLETE {
            self.incomplete.push(part);
        } else {
            self.incomplete_omitted += 1;
        }
    }

    fn count(&mut self, all: u64, of_set: u64) {
        self.segments += all;
        if let Some(kind) = self.sets.last_mut() {
            kind.segments += of_set;
        }
    }
}

/// What was seen in a block.
pub(crate) enum Seen {
    Interchange(Box<Survey>),
    Group,
    Set(SetKind),
    Segments { all: u64, of_set: u64 },
    Incomplete(Incomplete),
    End,
}

struct Look;

impl Stage for Look {
    type Output = Vec<Seen>;

    fn block(&self, block: &Block<'_>, output: &mut Vec<Seen>) {
        output.clear();
        let mut replay = Replay::new(block);
        let (mut all, mut of_set) = (0, 0);
        while let Some(step) = replay.next() {
            match step {
                Step::Segment(placed) => {
                    if placed.kind == EntryKind::Header {
                        output.push(Seen::Interchange(Box::new(header(block, &placed))));
                    }
                    if replay.in_set && placed.span.segment == 1 {
                        output.push(Seen::Set(set(&replay, &placed)));
                    }
                    all += 1;
                    of_set += u64::from(replay.in_set);
                }
                Step::Structure(
                    event @ (Event::OpenSet(_) | Event::CloseInterchange | Event::OpenGroup),
                ) => {
                    output.push(Seen::Segments { all, of_set });
                    (all, of_set) = (0, 0);
                    match event {
                        Event::OpenGroup => output.push(Seen::Group),
                        Event::CloseInterchange => output.push(Seen::End),
                        _ => {}
                    }
                }
                Step::Finding(finding) => output.extend(incomplete(finding).map(Seen::Incomplete)),
                Step::Structure(_) => {}
            }
        }
        output.push(Seen::Segments { all, of_set });
    }
}

fn incomplete(finding: &Finding) -> Option<Incomplete> {
    let lacks_an_end = matches!(
        finding.code,
        Code::InterchangeTrailerMissing
            | Code::GroupTrailerMissing
            | Code::SetTrailerMissing
            | Code::SegmentUnterminated
    );
    lacks_an_end.then(|| Incomplete {
        code: finding.code,
        group: finding.group,
        set: finding.set,
        identity: Arc::clone(&finding.identity),
        offset: finding.offset,
    })
}

fn header(block: &Block<'_>, placed: &PlacedSegment<'_>) -> Survey {
    let element = |(index, element): (usize, crate::segment::Element<'_>)| match index {
        1 | 3 => String::new(),
        _ => String::from_utf8_lossy(&crate::segment::unwrapped(element.bytes())).into_owned(),
    };
    Survey {
        isa: placed.segment.elements().enumerate().map(element).collect(),
        delimiters: block.layout.delimiters,
        suffix: block.layout.suffix.to_vec(),
        offset: placed.span.offset,
        ..Survey::default()
    }
}

fn set(replay: &Replay<'_>, placed: &PlacedSegment<'_>) -> SetKind {
    SetKind {
        gs01: replay.place.group_kind.gs01.clone(),
        gs08: replay.place.group_kind.gs08.clone(),
        st01: String::from_utf8_lossy(placed.segment.element(1).bytes())
            .chars()
            .take(3)
            .collect(),
        guide: replay.chart.map(|chart| chart.guide.id.clone()),
        count: 0,
        segments: 0,
    }
}
