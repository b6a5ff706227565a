//! Sends a document on under another envelope: its control segments are written anew, all others are copied byte for byte.
//!
//! Headers wait until something is kept that stands in them, so what holds nothing leaves no trace and takes no control number.

mod control;

use std::io::{Read, Write};
use std::sync::Arc;

use x12_schemas::table::NONE;

use crate::block::{Block, Blocks};
use crate::chart::SegmentId;
use crate::control_number::ControlNumber;
use crate::delimiters::Delimiters;
use crate::entry::{Entry, EntryKind};
use crate::envelope::Envelope;
use crate::error::Error;
use crate::event::Event;
use crate::options::Options;
use crate::segment::Segment;
use crate::source::ReadSource;

use control::Control;

/// Says which transaction sets go on, and under which envelope.
///
/// [`Self::keeps`] is asked of each transaction set; of one that is kept, first the interchange and the group around it are asked for
/// their addresses, if they were not yet, then the set for its control number.
pub trait Addresses {
    /// Whether a transaction set goes on; one that does not is left out.
    ///
    /// # Errors
    /// Whatever is to end it all.
    fn keeps(&mut self, set: &Envelope) -> Result<bool, Error> {
        let _ = set;
        Ok(true)
    }

    /// The address of an interchange in which something is kept.
    ///
    /// # Errors
    /// Whatever is to end it all.
    fn interchange(&mut self, received: &Envelope) -> Result<InterchangeAddress, Error>;

    /// The address of a group in which a transaction set is kept.
    ///
    /// # Errors
    /// Whatever is to end it all.
    fn group(&mut self, received: &Envelope) -> Result<GroupAddress, Error>;

    /// The control number, ST02, of a transaction set that is kept: as received unless it says otherwise.
    ///
    /// # Errors
    /// Whatever is to end it all.
    fn set(&mut self, received: &Envelope) -> Result<String, Error> {
        Ok(received.st(2).to_owned())
    }
}

/// What ISA is given anew. Shorter values are filled with blanks up to their width.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct InterchangeAddress {
    /// Qualifier of the sender.
    pub isa05: String,
    /// Sender.
    pub isa06: String,
    /// Qualifier of the receiver.
    pub isa07: String,
    /// Receiver.
    pub isa08: String,
    /// Date, YYMMDD.
    pub isa09: String,
    /// Time, HHMM.
    pub isa10: String,
    /// Control number.
    pub isa13: ControlNumber,
    /// Usage: `P` or `T`.
    pub isa15: String,
}

impl InterchangeAddress {
    /// The address as received, under another control number.
    #[must_use]
    pub fn received(envelope: &Envelope, isa13: ControlNumber) -> Self {
        let [isa05, isa06, isa07, isa08, isa09, isa10, isa15] =
            [5, 6, 7, 8, 9, 10, 15].map(|number| envelope.isa(number).to_owned());
        Self {
            isa05,
            isa06,
            isa07,
            isa08,
            isa09,
            isa10,
            isa13,
            isa15,
        }
    }
}

/// What GS is given anew.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct GroupAddress {
    /// Sender.
    pub gs02: String,
    /// Receiver.
    pub gs03: String,
    /// Date, CCYYMMDD.
    pub gs04: String,
    /// Time, HHMM.
    pub gs05: String,
    /// Control number.
    pub gs06: ControlNumber,
}

impl GroupAddress {
    /// The address as received, under another control number.
    #[must_use]
    pub fn received(envelope: &Envelope, gs06: ControlNumber) -> Self {
        let [gs02, gs03, gs04, gs05] = [2, 3, 4, 5].map(|number| envelope.gs(number).to_owned());
        Self {
            gs02,
            gs03,
            gs04,
            gs05,
            gs06,
        }
    }
}

/// What was written.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct EnvelopeCounts {
    /// Interchanges.
    pub interchanges: u64,
    /// Groups.
    pub groups: u64,
    /// Transaction sets.
    pub sets: u64,
    /// Transaction sets that were read and left out.
    pub dropped: u64,
    /// Bytes.
    pub bytes: u64,
}

/// Copies a document under another envelope.
///
/// ISA05 to ISA10, ISA13, ISA15, GS02 to GS06 and ST02 are given by `addresses`, trailers follow from them and from what was kept;
/// delimiters, all other elements and all other segments stay, byte for byte. Trailers that are missing are written. Groups and
/// interchanges in which nothing is kept are left out; service segments (TA1) count as kept. Text before, between and behind
/// interchanges is left out.
///
/// The document is not checked: what stands in its transaction sets goes on as it is.
///
/// # Errors
/// [`Error`] if the document cannot be read at all, or not any further, or if writing fails; [`Error::Envelope`] where a transaction
/// set has no group around it, a segment no transaction set, binary data not their declared length, or the document ends inside a
/// segment; [`Error::Value`] if a given value does not fit; also what `addresses` return. What was written before is not a whole
/// document.
///
/// # Examples
/// ```
/// use x12_parser::{Addresses, ControlNumber, Envelope, Error, GroupAddress, InterchangeAddress, readdress};
///
/// /// Sends everything on to one receiver.
/// struct Forward;
///
/// impl Addresses for Forward {
///     fn interchange(&mut self, received: &Envelope) -> Result<InterchangeAddress, Error> {
///         let isa08 = "MADEUPPAYER".to_owned();
///         Ok(InterchangeAddress { isa08, ..InterchangeAddress::received(received, ControlNumber::FIRST) })
///     }
///
///     fn group(&mut self, received: &Envelope) -> Result<GroupAddress, Error> {
///         Ok(GroupAddress::received(received, ControlNumber::FIRST))
///     }
/// }
///
/// # fn main() -> Result<(), Error> {
/// let document = b"ISA*00*          *00*          *ZZ*MADEUPSENDER   *ZZ*MADEUPRECEIVER *261123*1200*^*00501*000000905*0*T*:~\
/// GS*HP*A*B*20261123*1200*7*X*005010X221A1~ST*835*0001~SE*2*0001~GE*1*7~";
/// let mut forwarded = Vec::new();
/// let counts = readdress(&document[..], &mut forwarded, &mut Forward, &Default::default())?;
/// assert_eq!(counts.sets, 1);
/// assert!(forwarded.ends_with(b"~GS*HP*A*B*20261123*1200*1*X*005010X221A1~ST*835*0001~SE*2*0001~GE*1*1~IEA*1*000000001~"));
/// # Ok(())
/// # }
/// ```
pub fn readdress<R, W, A>(
    document: R,
    mut out: W,
    addresses: &mut A,
    options: &Options,
) -> Result<EnvelopeCounts, Error>
where
    R: Read,
    W: Write,
    A: Addresses,
{
    let mut source = ReadSource::new(document, options.block_bytes);
    let mut blocks = Blocks::new(&options.catalog, options.limits, false);
    let mut block = blocks.empty();
    let mut copier = Copier {
        addresses,
        envelope: Envelope::default(),
        counts: EnvelopeCounts::default(),
        written: Vec::new(),
        interchange: None,
        group: None,
        set: None,
    };
    while blocks.fill(&mut source, &mut block)? {
        copier.block(&block)?;
        copier.counts.bytes += copier.written.len() as u64;
        out.write_all(&copier.written)?;
        copier.written.clear();
    }
    out.flush()?;
    Ok(copier.counts)
}

/// Copies block after block.
struct Copier<'a, A> {
    addresses: &'a mut A,
    envelope: Envelope,
    counts: EnvelopeCounts,
    written: Vec<u8>,
    interchange: Option<Interchange>,
    group: Option<Group>,
    set: Option<Set>,
}

/// The open interchange.
struct Interchange {
    header: Control,
    delimiters: Delimiters,
    suffix: Arc<[u8]>,
    /// Its control number, once its header is written.
    number: Option<ControlNumber>,
    groups: u64,
    /// Whether its trailer was read.
    closed: bool,
    /// Whether the end of line behind its trailer was read.
    ended: bool,
}

/// The open group, whose header was read.
struct Group {
    header: Control,
    /// Its control number, once its header is written.
    number: Option<ControlNumber>,
    sets: u64,
    closed: bool,
}

/// The open transaction set.
#[derive(Default)]
struct Set {
    /// Its control number, if it is kept.
    number: Option<String>,
    segments: u64,
    closed: bool,
}

const GS: SegmentId = SegmentId::new(b"GS");
const GE: SegmentId = SegmentId::new(b"GE");
const SE: SegmentId = SegmentId::new(b"SE");
const ISA: SegmentId = SegmentId::new(b"ISA");
const IEA: SegmentId = SegmentId::new(b"IEA");

/// A segment that is not copied as it is, or not without a look.
struct Here<'b> {
    segment: Segment<'b>,
    kind: EntryKind,
    at: u64,
}

impl Here<'_> {
    fn control(&self) -> Control {
        Control::read(&self.segment, self.kind, self.at)
    }

    fn fault(&self, what: &'static str) -> Error {
        Error::Envelope { what, at: self.at }
    }
}

impl<A: Addresses> Copier<'_, A> {
    fn block(&mut self, block: &Block<'_>) -> Result<(), Error> {
        let mut entries = block.layout.entries.iter();
        for event in &block.placed.events {
            match event {
                Event::Entry(definition) => {
                    let Some(entry) = entries.next() else { break };
                    self.entry(block, entry, *definition)?;
                }
                Event::OpenInterchange => self.envelope.open_interchange(),
                Event::OpenGroup => self.envelope.open_group(),
                Event::OpenSet(_) => {
                    self.envelope.open_set();
                    self.set = Some(Set::default());
                }
                Event::CloseSet => self.close_set(),
                Event::CloseGroup => self.close_group(),
                Event::CloseInterchange => self.close_interchange(),
                Event::OpenLoop(_) | Event::CloseLoop | Event::Finding | Event::Place => {}
            }
        }
        Ok(())
    }

    fn entry(&mut self, block: &Block<'_>, entry: &Entry, definition: u16) -> Result<(), Error> {
        let raw = || &block.bytes[entry.start as usize..entry.next as usize];
        // Under another envelope other bytes would follow, and the declared length could fit them.
        if entry.misjudged && self.is_kept() {
            let what = "the binary data do not have their declared length";
            let at = block.base + u64::from(entry.start);
            return Err(Error::Envelope { what, at });
        }
        match entry.kind {
            EntryKind::Before => return Ok(()),
            EntryKind::After => {
                self.end_line(raw(), entry.plain);
                return Ok(());
            }
            EntryKind::BinaryData | EntryKind::BinaryTail => {
                if self.is_kept() {
                    self.written.extend_from_slice(raw());
                }
                return Ok(());
            }
            _ => {}
        }
        let here = Here {
            segment: block.segment(entry),
            kind: entry.kind,
            at: block.base + u64::from(entry.start),
        };
        let id = SegmentId::of(&here.segment);
        if here.kind == EntryKind::Unterminated && id != IEA {
            return Err(here.fault("the document ends inside a segment"));
        }
        match &mut self.set {
            Some(set) if set.segments == 0 => self.set_header(&here),
            Some(_) if id == ISA => Err(here.fault("an interchange header cannot be read")),
            Some(set) => {
                set.segments += 1;
                if id == SE {
                    self.set_trailer(here.control());
                } else if set.number.is_some() {
                    self.written.extend_from_slice(raw());
                }
                Ok(())
            }
            None => self.outside(block, &here, (id, definition)),
        }
    }

    fn is_kept(&self) -> bool {
        self.set.as_ref().is_some_and(|set| set.number.is_some())
    }

    /// A segment outside any transaction set.
    fn outside(
        &mut self,
        block: &Block<'_>,
        here: &Here<'_>,
        (id, definition): (SegmentId, u16),
    ) -> Result<(), Error> {
        match here.kind {
            EntryKind::Header => {
                self.envelope.read_isa(&here.segment);
                if control::is_ambiguous(&block.layout) {
                    return Err(here.fault("the interchange header would be read otherwise"));
                }
                self.interchange = Some(Interchange {
                    header: here.control(),
                    delimiters: block.layout.delimiters,
                    suffix: Arc::clone(&block.layout.suffix),
                    number: None,
                    groups: 0,
                    closed: false,
                    ended: false,
                });
            }
            EntryKind::Trailer | EntryKind::Unterminated => {
                self.interchange_trailer(here.control());
            }
            _ if id == GS => {
                self.envelope.read_gs(&here.segment);
                self.group = Some(Group {
                    header: here.control(),
                    number: None,
                    sets: 0,
                    closed: false,
                });
            }
            _ if id == GE && self.group.is_some() => self.group_trailer(here.control()),
            _ if definition != NONE && id != GE => {
                self.write_interchange()?;
                self.written.extend_from_slice(here.segment.raw());
            }
            _ => return Err(here.fault("a segment stands outside any transaction set")),
        }
        Ok(())
    }

    // Headers

    /// Writes the interchange's header, unless it is written.
    fn write_interchange(&mut self) -> Result<(), Error> {
        let Some(interchange) = &mut self.interchange else {
            return Ok(());
        };
        if interchange.number.is_some() {
            return Ok(());
        }
        let given = self.addresses.interchange(&self.envelope)?;
        let number = format!("{:09}", given.isa13);
        let InterchangeAddress {
            isa05,
            isa06,
            isa07,
            isa08,
            isa09,
            isa10,
            isa15,
            ..
        } = &given;
        let values = [isa05, isa06, isa07, isa08, isa09, isa10, &number, isa15];
        let delimiters = interchange.delimiters;
        interchange.header.give(
            &control::ISA,
            &values.map(String::as_str),
            &delimiters,
            true,
        )?;
        interchange.header.write(&delimiters, &mut self.written);
        interchange.number = Some(given.isa13);
        self.counts.interchanges += 1;
        Ok(())
    }

    /// Writes the group's header, and the interchange's before it, unless they are written.
    fn write_group(&mut self) -> Result<(), Error> {
        self.write_interchange()?;
        let (Some(interchange), Some(group)) = (&mut self.interchange, &mut self.group) else {
            return Ok(());
        };
        if group.number.is_some() {
            return Ok(());
        }
        let given = self.addresses.group(&self.envelope)?;
        let number = given.gs06.to_string();
        let GroupAddress {
            gs02,
            gs03,
            gs04,
            gs05,
            ..
        } = &given;
        let values = [gs02, gs03, gs04, gs05, &number].map(String::as_str);
        let delimiters = interchange.delimiters;
        group
            .header
            .give(&control::GS, &values, &delimiters, false)?;
        group.header.write(&delimiters, &mut self.written);
        group.number = Some(given.gs06);
        interchange.groups += 1;
        self.counts.groups += 1;
        Ok(())
    }

    fn set_header(&mut self, here: &Here<'_>) -> Result<(), Error> {
        if self.group.is_none() {
            return Err(here.fault("a transaction set stands outside any group"));
        }
        self.envelope.read_st(&here.segment);
        let mut set = Set {
            segments: 1,
            ..Set::default()
        };
        if self.addresses.keeps(&self.envelope)? {
            self.write_group()?;
            let number = self.addresses.set(&self.envelope)?;
            let mut header = here.control();
            let delimiters = here.segment.delimiters();
            header.give(&control::ST, &[&number], delimiters, false)?;
            header.write(delimiters, &mut self.written);
            if let Some(group) = &mut self.group {
                group.sets += 1;
            }
            set.number = Some(number);
            self.counts.sets += 1;
        } else {
            self.counts.dropped += 1;
        }
        self.set = Some(set);
        Ok(())
    }

    // Trailers: each says what was written since its header, and nothing if that was not

    fn set_trailer(&mut self, mut trailer: Control) {
        let (Some(interchange), Some(set)) = (&self.interchange, &mut self.set) else {
            return;
        };
        set.closed = true;
        if let Some(number) = &set.number {
            trailer.put(1, set.segments.to_string().into_bytes());
            trailer.put(2, number.clone().into_bytes());
            trailer.write(&interchange.delimiters, &mut self.written);
        }
    }

    fn group_trailer(&mut self, mut trailer: Control) {
        let (Some(interchange), Some(group)) = (&self.interchange, &mut self.group) else {
            return;
        };
        group.closed = true;
        if let Some(number) = group.number {
            trailer.put(1, group.sets.to_string().into_bytes());
            trailer.put(2, number.to_string().into_bytes());
            trailer.write(&interchange.delimiters, &mut self.written);
        }
    }

    fn interchange_trailer(&mut self, mut trailer: Control) {
        let Some(interchange) = &mut self.interchange else {
            return;
        };
        interchange.closed = true;
        if let Some(number) = interchange.number {
            trailer.put(1, interchange.groups.to_string().into_bytes());
            trailer.put(2, format!("{number:09}").into_bytes());
            trailer.write(&interchange.delimiters, &mut self.written);
        }
    }

    /// The end of line behind an interchange that is not its usual one: copied, unless it says something.
    fn end_line(&mut self, text: &[u8], blank: bool) {
        let Some(interchange) = &mut self.interchange else {
            return;
        };
        if blank && interchange.closed && interchange.number.is_some() && !interchange.ended {
            self.written.extend_from_slice(text);
            interchange.ended = true;
        }
    }

    fn close_set(&mut self) {
        let trailer = self.missing("SE");
        if let Some(set) = &mut self.set
            && !set.closed
        {
            set.segments += 1;
            self.set_trailer(trailer);
        }
        self.set = None;
        self.envelope.close_set();
    }

    fn close_group(&mut self) {
        if self.group.as_ref().is_some_and(|group| !group.closed) {
            let trailer = self.missing("GE");
            self.group_trailer(trailer);
        }
        self.group = None;
        self.envelope.close_group();
    }

    fn close_interchange(&mut self) {
        if self.interchange.as_ref().is_some_and(|open| !open.closed) {
            let trailer = Control::new(
                "IEA",
                &self.delimiters(),
                // Its end of line follows below, as that of any other.
                &[],
            );
            self.interchange_trailer(trailer);
        }
        if let Some(interchange) = self.interchange.take()
            && interchange.number.is_some()
            && !interchange.ended
        {
            self.written.extend_from_slice(&interchange.suffix);
        }
    }

    fn delimiters(&self) -> Delimiters {
        let open = self.interchange.as_ref();
        open.map_or_else(Delimiters::default, |open| open.delimiters)
    }

    fn missing(&self, id: &str) -> Control {
        let suffix = self.interchange.as_ref().map(|open| &*open.suffix);
        Control::new(id, &self.delimiters(), suffix.unwrap_or_default())
    }
}
