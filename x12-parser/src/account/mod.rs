//! Reads received acknowledgments into a typed account: TA1, the groups of 999 and 997, claim acknowledgments (277CA), advice (824).
//!
//! What they say is told as it is read, with the interchange that brought it; what cannot be told is a finding.

mod advice;
mod claims;
mod follow;
mod read;
mod said;

use std::io::Read;
use std::sync::Arc;

use crate::block::{Block, Blocks};
use crate::check::Checker;
use crate::entry::EntryKind;
use crate::envelope::Envelope;
use crate::error::Error;
use crate::event::{Event, Part, Span};
use crate::finding::{Code, Finding};
use crate::options::Options;
use crate::place::Extent;
use crate::replay::{PlacedSegment, Replay, Step};
use crate::segment::{Segment, unwrapped};
use crate::snip::SnipTypes;
use crate::source::ReadSource;
use crate::validate::Cap;

use advice::Advice;
pub use advice::{AdviceOutcome, AdviceSaid, AdviceScope, ErrorSaid, ItemReference};
pub use claims::{
    BatchReference, ClaimAction, ClaimReference, ClaimSaid, Level, LevelSaid, LineSaid, Stated,
    Status, Totals,
};
use follow::Claims;
pub use said::{
    Acceptance, Acknowledged, ElementSaid, GroupReference, GroupSaid, InterchangeSaid, Said,
    SegmentSaid, SetReference, SetSaid,
};

/// Reads the acknowledgments of a document; `told` gets what they say, in the order of the document.
///
/// Read are TA1, wherever it stands outside a transaction set, and every 999, 997, 824 and claim acknowledgment (277 of 005010X214), with
/// or without a guide. Findings are told of the envelope and of these; other transaction sets are passed over. Memory does not grow with
/// the document.
///
/// # Errors
/// [`Error`] if the document cannot be read at all, or not any further; also what `told` returns.
///
/// # Examples
/// ```
/// use x12_parser::{Said, read_acknowledgments};
///
/// # fn main() -> Result<(), x12_parser::Error> {
/// let document = b"ISA*00*          *00*          *ZZ*MADEUPPAYER    *ZZ*MADEUPSENDER   *261123*1200*^*00501*000000017*0*T*:~\
/// GS*FA*PAYER*SENDER*20261123*1200*17*X*005010X231A1~ST*999*0001*005010X231A1~AK1*HC*31*005010X222A1~\
/// AK2*837*0001*005010X222A1~IK3*CLM*22*2300*8~IK4*2*782*6*1x0~IK5*R*5~AK9*R*1*1*0~SE*8*0001~GE*1*17~IEA*1*000000017~";
/// let mut lines = Vec::new();
/// read_acknowledgments(&document[..], &Default::default(), |acknowledged| {
///     match acknowledged.said {
///         Said::Element(said) => lines.push(format!("segment {:?} element {}: {}", said.segment, said.element, said.code)),
///         Said::Set(said) => lines.push(format!("set {} {}", said.set.st02, said.acceptance.code())),
///         Said::Group(said) => lines.push(format!("group {} {}", said.group.gs06, said.acceptance.code())),
///         _ => {}
///     }
///     Ok(())
/// })?;
/// assert_eq!(lines, ["segment Some(22) element 2: 6", "set 0001 R", "group 31 R"]);
/// # Ok(())
/// # }
/// ```
pub fn read_acknowledgments<R, T>(document: R, options: &Options, told: T) -> Result<(), Error>
where
    R: Read,
    T: FnMut(Acknowledged<'_>) -> Result<(), Error>,
{
    let mut source = ReadSource::new(document, options.block_bytes);
    let mut blocks = Blocks::new(
        options.charts(),
        options.limits,
        Extent::Rules(SnipTypes::ALL),
    );
    let mut block = blocks.empty();
    let mut account = Account {
        teller: Teller {
            told,
            envelope: Envelope::default(),
            cap: Cap::new(&options.limits),
        },
        reading: Reading::Outside,
        waiting: Vec::new(),
        open: Open::default(),
        guided: true,
        last: Span {
            offset: 0,
            length: 0,
            segment: 0,
        },
    };
    while blocks.fill(&mut source, &mut block)? {
        account.block(&block)?;
    }
    Ok(())
}

/// Tells what is known.
struct Teller<T> {
    told: T,
    envelope: Envelope,
    cap: Cap,
}

impl<T: FnMut(Acknowledged<'_>) -> Result<(), Error>> Teller<T> {
    fn say(&mut self, said: Said<'_>) -> Result<(), Error> {
        (self.told)(Acknowledged {
            brought: &self.envelope,
            said,
        })
    }

    fn find(&mut self, finding: Finding) -> Result<(), Error> {
        match self.cap.admit(finding) {
            Some(finding) => self.say(Said::Finding(&finding)),
            None => Ok(()),
        }
    }
}

/// Whether what comes next is read.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Reading {
    /// Outside any transaction set.
    Outside,
    /// Before the header of a transaction set.
    Unknown,
    /// In an acknowledgment.
    Yes(Kind),
    /// In another transaction set.
    No,
}

/// The kinds of acknowledgments that are transaction sets.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Kind {
    /// 999 or 997.
    Functional,
    /// 277CA.
    Claims,
    /// 824.
    Advice,
}

impl Kind {
    /// The kind of a transaction set, by its headers.
    fn of(envelope: &Envelope) -> Option<Self> {
        let guide = match envelope.st(3) {
            "" => envelope.gs(8),
            st03 => st03,
        };
        match envelope.st(1) {
            "999" | "997" => Some(Self::Functional),
            "824" => Some(Self::Advice),
            "277" if guide.starts_with(CLAIM_ACKNOWLEDGMENT_GUIDE) => Some(Self::Claims),
            _ if envelope.gs(1) == "FA" => Some(Self::Functional),
            _ => None,
        }
    }
}

/// The guide of claim acknowledgments (277CA), GS08 or ST03 without errata: other guides of the 277 answer other questions.
pub const CLAIM_ACKNOWLEDGMENT_GUIDE: &str = "005010X214";

/// What an acknowledgment has begun to speak of.
#[derive(Default)]
struct Open {
    group: Option<Arc<GroupReference>>,
    set: Option<Arc<SetReference>>,
    /// The last segment that was spoken of.
    segment: Option<SegmentSaid>,
    /// What waits for contexts that may follow.
    fault: Option<Fault>,
    /// Whether the end of the group, AK9, was read.
    ended: bool,
    claims: Claims,
    advice: Advice,
}

enum Fault {
    Segment(SegmentSaid),
    Element(ElementSaid),
}

struct Account<T> {
    teller: Teller<T>,
    reading: Reading,
    /// Findings that came before it was known what the transaction set is.
    waiting: Vec<Finding>,
    open: Open,
    /// Whether a guide checks the open transaction set: else what cannot be told is found here.
    guided: bool,
    last: Span,
}

/// Why a segment cannot be told: a code, and the element concerned.
type Misfit = (Code, u16);

impl<T: FnMut(Acknowledged<'_>) -> Result<(), Error>> Account<T> {
    fn block(&mut self, block: &Block<'_>) -> Result<(), Error> {
        let checker = Checker::new(&block.layout.delimiters);
        let mut replay = Replay::new(block);
        while let Some(step) = replay.next() {
            match step {
                Step::Finding(finding) => self.finding(finding.clone())?,
                Step::Structure(event) => self.structure(event, &replay)?,
                Step::Segment(placed) => {
                    self.last = placed.span;
                    self.segment(&placed, &replay, &checker)?;
                }
            }
        }
        Ok(())
    }

    fn finding(&mut self, finding: Finding) -> Result<(), Error> {
        match self.reading {
            Reading::Outside | Reading::Yes(_) => self.teller.find(finding),
            Reading::Unknown => {
                self.waiting.push(finding);
                Ok(())
            }
            Reading::No => Ok(()),
        }
    }

    fn structure(&mut self, event: Event, replay: &Replay<'_>) -> Result<(), Error> {
        let envelope = &mut self.teller.envelope;
        match event {
            Event::OpenInterchange => envelope.open_interchange(),
            Event::OpenGroup => envelope.open_group(),
            Event::OpenSet(_) => {
                envelope.open_set();
                self.reading = Reading::Unknown;
                self.guided = replay.chart.is_some();
                self.open = Open::default();
            }
            Event::CloseSet => {
                self.close_set(replay)?;
                self.teller.envelope.close_set();
            }
            Event::CloseGroup => envelope.close_group(),
            _ => {}
        }
        Ok(())
    }

    fn close_set(&mut self, replay: &Replay<'_>) -> Result<(), Error> {
        if let Reading::Yes(kind) = self.reading {
            self.tell_fault()?;
            let Open { claims, advice, .. } = &mut self.open;
            claims.finish(&mut |said| self.teller.say(said))?;
            advice.finish(&mut |said| self.teller.say(said))?;
            if kind == Kind::Functional && !self.open.ended && !self.guided {
                let span = Span {
                    length: 0,
                    ..self.last
                };
                let missing = Code::SegmentMissing;
                let finding = replay.place.finding(missing, span, None, Part::default());
                self.teller.find(finding)?;
            }
        }
        self.reading = Reading::Outside;
        Ok(())
    }

    fn segment(
        &mut self,
        placed: &PlacedSegment<'_>,
        replay: &Replay<'_>,
        checker: &Checker,
    ) -> Result<(), Error> {
        let segment = &placed.segment;
        let id = unwrapped(segment.id()).to_ascii_uppercase();
        if self.reading == Reading::Unknown {
            self.open_set(placed)?;
        }
        if self.reading == Reading::No {
            return Ok(());
        }
        match &id[..] {
            _ if placed.kind == EntryKind::Header => self.teller.envelope.read_isa(segment),
            b"GS" if self.reading == Reading::Outside => self.teller.envelope.read_gs(segment),
            _ => {}
        }
        let mut found = Vec::new();
        checker.placed(replay, placed, &mut |code, part| {
            found.push(replay.finding(placed, code, part));
        });
        found
            .into_iter()
            .try_for_each(|finding| self.teller.find(finding))?;
        if let Reading::Yes(kind) = self.reading {
            let Open { claims, advice, .. } = &mut self.open;
            let mut say = |said: Said<'_>| self.teller.say(said);
            let fit = match kind {
                Kind::Functional => self.acknowledgment(&id, segment)?,
                Kind::Claims => claims.segment(&id, segment, &mut say)?,
                Kind::Advice => advice.segment(&id, segment, &mut say)?,
            };
            if !self.guided {
                for (code, element) in fit.err().into_iter().chain(read::misfits(&id, segment)) {
                    let finding = replay.finding(placed, code, Part::element(element));
                    self.teller.find(finding)?;
                }
            }
            return Ok(());
        }
        match read::interchange(segment) {
            Some(said) if id == b"TA1" => self.teller.say(Said::Interchange(said)),
            _ => Ok(()),
        }
    }

    /// The header of a transaction set tells whether it is read.
    fn open_set(&mut self, placed: &PlacedSegment<'_>) -> Result<(), Error> {
        let envelope = &mut self.teller.envelope;
        envelope.read_st(&placed.segment);
        self.reading = Kind::of(envelope).map_or(Reading::No, Reading::Yes);
        for finding in std::mem::take(&mut self.waiting) {
            self.finding(finding)?;
        }
        Ok(())
    }

    /// A segment of an acknowledgment.
    fn acknowledgment(
        &mut self,
        id: &[u8],
        segment: &Segment<'_>,
    ) -> Result<Result<(), Misfit>, Error> {
        if id == b"CTX" {
            return Ok(self.context(segment));
        }
        self.tell_fault()?;
        Ok(match id {
            b"ST" | b"SE" => Ok(()),
            b"AK1" => self.open_group(segment),
            b"AK2" => self.refer(segment),
            b"IK3" | b"AK3" => self.fault(segment),
            b"IK4" | b"AK4" => self.element_fault(segment),
            b"IK5" | b"AK5" => return self.tell_set(segment),
            b"AK9" => return self.tell_group(segment),
            _ => Err((Code::SegmentNotInSet, 0)),
        })
    }

    fn open_group(&mut self, segment: &Segment<'_>) -> Result<(), Misfit> {
        if self.open.group.is_some() {
            return Err((Code::SegmentTooOften, 0));
        }
        self.open.group = Some(Arc::new(read::group(segment)));
        Ok(())
    }

    /// AK2 begins to speak of a transaction set.
    fn refer(&mut self, segment: &Segment<'_>) -> Result<(), Misfit> {
        let Open {
            group: Some(group),
            ended: false,
            ..
        } = &self.open
        else {
            return Err((Code::SegmentUnexpected, 0));
        };
        let set = Arc::new(read::set(segment, group));
        let before = self.open.set.replace(set);
        self.open.segment = None;
        // The one before it was not ended: nothing is said of it.
        before.map_or(Ok(()), |_| Err((Code::SegmentMissing, 0)))
    }

    fn fault(&mut self, segment: &Segment<'_>) -> Result<(), Misfit> {
        let set = self.open.set.as_ref();
        let said = read::segment_said(segment, set.ok_or((Code::SegmentUnexpected, 0))?);
        self.open.segment = Some(said.clone());
        self.open.fault = Some(Fault::Segment(said));
        Ok(())
    }

    fn element_fault(&mut self, segment: &Segment<'_>) -> Result<(), Misfit> {
        let before = self.open.segment.as_ref();
        let said = read::element_said(segment, before.ok_or((Code::SegmentUnexpected, 0))?);
        self.open.fault = Some(Fault::Element(said));
        Ok(())
    }

    fn context(&mut self, segment: &Segment<'_>) -> Result<(), Misfit> {
        match &mut self.open.fault {
            Some(
                Fault::Segment(SegmentSaid { contexts, .. })
                | Fault::Element(ElementSaid { contexts, .. }),
            ) => {
                read::context(segment, contexts);
                Ok(())
            }
            None => Err((Code::SegmentUnexpected, 0)),
        }
    }

    fn tell_fault(&mut self) -> Result<(), Error> {
        match self.open.fault.take() {
            Some(Fault::Segment(said)) => self.teller.say(Said::Segment(said)),
            Some(Fault::Element(said)) => self.teller.say(Said::Element(said)),
            None => Ok(()),
        }
    }

    fn tell_set(&mut self, segment: &Segment<'_>) -> Result<Result<(), Misfit>, Error> {
        self.open.segment = None;
        let Some(set) = self.open.set.take() else {
            return Ok(Err((Code::SegmentUnexpected, 0)));
        };
        let Some(acceptance) = read::acceptance(segment, 1, "AEMRWX") else {
            return Ok(Err(read::uncoded(segment)));
        };
        let codes = read::codes(segment, 2);
        self.teller.say(Said::Set(SetSaid {
            set,
            acceptance,
            codes,
        }))?;
        Ok(Ok(()))
    }

    fn tell_group(&mut self, segment: &Segment<'_>) -> Result<Result<(), Misfit>, Error> {
        self.open.ended = true;
        let unended = self.open.set.take().is_some();
        let Some(group) = self.open.group.take() else {
            return Ok(Err((Code::SegmentUnexpected, 0)));
        };
        let Some(acceptance) = read::acceptance(segment, 1, "AEMPRWX") else {
            return Ok(Err(read::uncoded(segment)));
        };
        self.teller.say(Said::Group(GroupSaid {
            group,
            acceptance,
            included: read::count(segment, 2),
            received: read::count(segment, 3),
            accepted: read::count(segment, 4),
            codes: read::codes(segment, 5),
        }))?;
        Ok(if unended {
            Err((Code::SegmentMissing, 0))
        } else {
            Ok(())
        })
    }
}
