//! Puts the pieces of blocks together to the shape `named`: objects whose keys come in any order, and numbers that go without saying.
//!
//! What is open stands on a stack. A loop without bound, such as a subscriber's level, is written as it comes; what stands in it beside
//! such loops, and every other loop, is kept until it ends, within [`Limits::record_bytes`].

use std::io::Write;
use std::sync::Arc;

use crate::chart::Chart;
use crate::error::Error;
use crate::json::named::data::Data;
use crate::json::named::object::Objects;
use crate::json::named::stage::{Mark, Pieces};
use crate::limits::Limits;
use crate::sheet::{Fill, Sheet};

/// Bytes that are gathered before they are written: fits the second-level cache beside a block.
const OUT_BYTES: usize = 256 << 10;

/// Writes the shape `named`.
pub(crate) struct Gatherer<W> {
    to: W,
    /// Whether each transaction set is a line.
    lines: bool,
    out: Vec<u8>,
    objects: Objects,
    set: Set,
    envelope: Envelope,
    before: Vec<u8>,
}

/// The open transaction set.
#[derive(Default)]
struct Set {
    chart: Option<Arc<Chart>>,
    /// It has no guide, so its segments stand as they are; and one stands already.
    verbatim: bool,
    any: bool,
    segments: u64,
    levels: u64,
    control_number: Vec<u8>,
    trailer: Trailer,
    /// Binary data with a label, while they come.
    data: Option<Data>,
}

/// A trailer while its elements come.
#[derive(Default)]
struct Trailer {
    members: Vec<u8>,
    /// Which trailer: what its two numbers should be, and their names.
    due: Option<Due>,
}

/// What a trailer should say.
#[derive(Clone, Copy)]
enum Due {
    Set,
    Group,
    Interchange,
}

/// What is open of the envelope.
#[derive(Default)]
struct Envelope {
    interchanges: u64,
    groups: u64,
    /// Groups with a header, which are those that count.
    counted: u64,
    sets: u64,
    group_number: Vec<u8>,
    interchange_number: Vec<u8>,
    part: Part,
    group_begun: bool,
    items: u64,
    in_group: bool,
}

/// How far the object of an interchange is written.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Part {
    #[default]
    Header,
    Services,
    Groups,
    End,
}

impl<W: Write> Gatherer<W> {
    pub(crate) fn new(to: W, lines: bool, limits: Limits) -> Self {
        let out = if lines {
            Vec::new()
        } else {
            b"{\"x12\":\"1\",\"shape\":\"named\",\"interchanges\":[".to_vec()
        };
        Self {
            to,
            lines,
            out,
            objects: Objects::new(limits),
            set: Set::default(),
            envelope: Envelope::default(),
            before: Vec::new(),
        }
    }

    /// Takes the pieces of the next block; what is whole is written, also before an error.
    pub(crate) fn join(&mut self, pieces: &Pieces) -> Result<(), Error> {
        let joined = self.pieces(pieces);
        self.write()?;
        joined
    }

    /// Completes the output.
    pub(crate) fn finish(mut self) -> Result<(), Error> {
        if !self.lines {
            self.out.extend_from_slice(b"]}\n");
        }
        self.write()?;
        Ok(self.to.flush()?)
    }

    fn write(&mut self) -> Result<(), Error> {
        self.to.write_all(&self.out)?;
        self.out.clear();
        Ok(())
    }

    fn pieces(&mut self, pieces: &Pieces) -> Result<(), Error> {
        let text = pieces.text.as_slice();
        let mut ends = pieces.cuts.iter().skip(1).map(|cut| cut.at);
        for cut in &pieces.cuts {
            let end = ends.next().unwrap_or(text.len());
            let piece = text.get(cut.at..end).unwrap_or_default();
            match cut.mark {
                Mark::OpenSet(chart, at) => {
                    let chart = pieces.charts.get(usize::from(chart));
                    self.open_set(chart.map(Arc::clone), piece, at);
                }
                mark if self.set.chart.is_some() => self.inside(mark, piece)?,
                mark => self.outside(mark, piece),
            }
            if self.out.len() > OUT_BYTES {
                self.write()?;
            }
        }
        Ok(())
    }

    fn put(&mut self, text: &[u8]) {
        self.out.extend_from_slice(text);
    }

    fn put_number(&mut self, key: &str, number: u64) {
        // Writing to a vector cannot fail.
        let _ = write!(self.out, ",\"{key}\":{number}");
    }

    // Transaction sets

    fn open_set(&mut self, chart: Option<Arc<Chart>>, kind: &[u8], at: u64) {
        self.begin_group(b"{", b"{\"open\":\"group\"");
        self.envelope.sets += 1;
        if self.lines {
            self.put(b"{\"set\":");
            self.put(kind);
            self.put_number("interchange", self.envelope.interchanges);
            self.put_number("group", self.envelope.groups);
            self.put_number("ordinal", self.envelope.sets);
        } else {
            self.comma();
            self.put(b"{\"set\":");
            self.put(kind);
        }
        let Set {
            chart: open,
            any,
            segments,
            levels,
            verbatim,
            ..
        } = &mut self.set;
        (*any, *segments, *levels, *verbatim) = (false, 0, 0, chart.is_none());
        match chart {
            Some(chart) => {
                let guide = format!(",\"guide\":\"{}\"", chart.guide.id);
                self.objects.begin(&chart, guide.as_bytes(), at);
                *open = Some(chart);
            }
            None => self.put(b",\"segments\":["),
        }
    }

    /// A piece of a transaction set with a guide, held back while binary data with a label are not whole.
    fn inside(&mut self, mark: Mark, text: &[u8]) -> Result<(), Error> {
        if let Mark::Data(slot, is_object) = mark {
            self.set.data = Some(Data::new((slot, is_object), text));
            return Ok(());
        }
        let Some(data) = &mut self.set.data else {
            return self.whole(mark, text);
        };
        let at = self.objects.top().map_or(0, |frame| frame.at);
        if !data.take(mark, text, (self.objects.limits.record_bytes, at))? {
            return Ok(());
        }
        let data = self.set.data.take();
        for (mark, text) in data.into_iter().flat_map(Data::pieces) {
            self.whole(mark, &text)?;
        }
        Ok(())
    }

    fn whole(&mut self, mark: Mark, text: &[u8]) -> Result<(), Error> {
        let Some(chart) = &self.set.chart else {
            return Ok(());
        };
        let sheet = chart.sheet();
        let objects = &mut self.objects;
        match mark {
            Mark::OpenLoop(index, at) => objects.open(sheet, index, at, &mut self.out)?,
            Mark::CloseLoop => objects.close(sheet, &mut self.out)?,
            Mark::Starter => {
                self.set.segments += 1;
                objects.members(text)?;
            }
            Mark::Segment(slot) => {
                self.set.segments += 1;
                objects.add(sheet, slot, text)?;
            }
            Mark::Unplaced => {
                self.set.segments += 1;
                objects.unplaced(sheet, text)?;
            }
            Mark::More | Mark::Tail => objects.more(text)?,
            Mark::Extra if self.set.trailer.due.is_some() => self.set.trailer.extra(text),
            Mark::Extra => objects.extra(sheet, text)?,
            Mark::SetTrailer => {
                self.set.segments += 1;
                self.set.trailer.due = Some(Due::Set);
            }
            Mark::Number(number) if self.set.trailer.due.is_some() => {
                self.trailer_number(number, text)
            }
            Mark::Number(number) => number_of_loop(objects, &mut self.set, number, text)?,
            Mark::SetNumber => self.set.control_number = text.to_vec(),
            Mark::CloseSet => self.close_set()?,
            _ => {}
        }
        Ok(())
    }

    fn close_set(&mut self) -> Result<(), Error> {
        let Some(chart) = self.set.chart.take() else {
            return Ok(());
        };
        self.objects.end(chart.sheet(), &mut self.out)?;
        self.set.trailer.write(&mut self.out);
        self.put(if self.lines { b"}\n" } else { b"}" });
        self.set.control_number.clear();
        Ok(())
    }
}

/// A number of the segment that starts a loop; told only if it is not the one that would be filled in.
fn number_of_loop(
    objects: &mut Objects,
    set: &mut Set,
    number: u8,
    text: &[u8],
) -> Result<(), Error> {
    let Some(chart) = &set.chart else {
        return Ok(());
    };
    let sheet: &Sheet = chart.sheet();
    let Some(frame) = objects.top() else {
        return Ok(());
    };
    let starter = sheet
        .a_loop(frame.loop_index)
        .and_then(|a_loop| sheet.segment(a_loop.starter));
    let member = starter.and_then(|starter| {
        starter
            .parts
            .members
            .iter()
            .find(|member| member.number == number)
    });
    let Some(member) = member else {
        return Ok(());
    };
    let due = match member.filled {
        Fill::Count => quoted(frame.ordinal),
        Fill::Level => {
            set.levels += 1;
            objects.levels(text);
            quoted(set.levels)
        }
        Fill::Parent => objects.parent(),
        Fill::Child => {
            objects.says_child(text, &member.key);
            return Ok(());
        }
        _ => return Ok(()),
    };
    if text == due {
        return Ok(());
    }
    let mut told = format!("\"{}\":", member.key).into_bytes();
    told.extend_from_slice(text);
    objects.members(&told)
}

pub(super) fn quoted(number: u64) -> Vec<u8> {
    format!("\"{number}\"").into_bytes()
}

impl Trailer {
    fn tell(&mut self, key: &str, text: &[u8]) {
        if !self.members.is_empty() {
            self.members.push(b',');
        }
        self.members
            .extend_from_slice(format!("\"{key}\":").as_bytes());
        self.members.extend_from_slice(text);
    }

    fn extra(&mut self, text: &[u8]) {
        self.tell("$extra", b"{");
        self.members.extend_from_slice(text);
        self.members.push(b'}');
    }

    /// Writes what is not as it would be filled in.
    fn write(&mut self, out: &mut Vec<u8>) {
        if !self.members.is_empty() {
            out.extend_from_slice(b",\"trailer\":{");
            out.extend_from_slice(&self.members);
            out.push(b'}');
        }
        *self = Self::default();
    }
}

impl<W: Write> Gatherer<W> {
    // Envelope

    fn comma(&mut self) {
        if self.envelope.items > 0 {
            self.out.push(b',');
        }
        self.envelope.items += 1;
    }

    /// One of the two numbers of a trailer.
    fn trailer_number(&mut self, number: u8, text: &[u8]) {
        let Some(due) = self.set.trailer.due else {
            return;
        };
        let (count, control_number) = match due {
            Due::Set => (self.set.segments, &self.set.control_number),
            Due::Group => (self.envelope.sets, &self.envelope.group_number),
            Due::Interchange => (self.envelope.counted, &self.envelope.interchange_number),
        };
        let key = match (due, number) {
            (Due::Set, 1) => "segmentCount",
            (Due::Group, 1) => "setCount",
            (Due::Interchange, 1) => "groupCount",
            _ => "controlNumber",
        };
        let told = if number == 1 {
            quoted(count) != text
        } else {
            control_number.as_slice() != text
        };
        if told {
            self.set.trailer.tell(key, text);
        }
    }

    /// A piece outside transaction sets, or of one without a guide.
    fn outside(&mut self, mark: Mark, text: &[u8]) {
        match mark {
            Mark::Verbatim => {
                if std::mem::replace(&mut self.set.any, true) {
                    self.out.push(b',');
                }
                self.put(text);
            }
            Mark::More | Mark::Tail => {
                self.put(text);
                if self.lines && !self.set.verbatim && text.last() == Some(&b']') {
                    self.put(b"}\n");
                }
            }
            Mark::CloseSet => {
                self.set.verbatim = false;
                self.put(if self.lines { b"]}\n" } else { b"]}" });
            }
            Mark::Before => self.before = text.to_vec(),
            Mark::OpenInterchange => self.open_interchange(text),
            Mark::InterchangeNumber => {
                self.envelope.interchange_number = text.to_vec();
            }
            Mark::Service => self.service(text),
            Mark::Stray => self.stray(text),
            Mark::OpenGroup => self.open_group(),
            Mark::GroupHeader => self.group_header(text),
            Mark::GroupNumber => self.envelope.group_number = text.to_vec(),
            Mark::Number(number) => self.trailer_number(number, text),
            Mark::Extra => self.set.trailer.extra(text),
            Mark::GroupTrailer => self.set.trailer.due = Some(Due::Group),
            Mark::InterchangeTrailer => {
                self.begin_groups();
                self.set.trailer.due = Some(Due::Interchange);
            }
            Mark::After => self.after(text),
            Mark::CloseGroup => self.close_group(),
            Mark::CloseInterchange => self.close_interchange(),
            _ => {}
        }
    }

    fn open_interchange(&mut self, text: &[u8]) {
        let first = self.envelope.interchanges == 0;
        if self.lines {
            self.put(b"{\"open\":\"interchange\",\"x12\":\"1\",\"shape\":\"named\",");
        } else {
            self.put(if first { b"{" } else { b",{" });
        }
        if !self.before.is_empty() {
            self.put(b"\"$before\":");
            let before = std::mem::take(&mut self.before);
            self.put(&before);
            self.out.push(b',');
        }
        self.put(text);
        if self.lines {
            self.put(b"}\n");
        }
        self.envelope = Envelope {
            interchanges: self.envelope.interchanges + 1,
            ..Envelope::default()
        };
    }

    fn service(&mut self, text: &[u8]) {
        if self.lines {
            return self.stray_line(text);
        }
        if self.envelope.part == Part::Header {
            self.envelope.part = Part::Services;
            self.put(b",\"services\":[");
            self.envelope.items = 0;
        }
        self.comma();
        self.put(text);
    }

    /// Goes to the groups of the interchange.
    fn begin_groups(&mut self) {
        let part = self.envelope.part;
        if matches!(part, Part::Groups | Part::End) {
            return;
        }
        self.envelope.part = Part::Groups;
        self.envelope.items = 0;
        if !self.lines {
            if part == Part::Services {
                self.out.push(b']');
            }
            self.put(b",\"groups\":[");
        }
    }

    fn stray(&mut self, text: &[u8]) {
        if self.lines {
            return self.stray_line(text);
        }
        if self.envelope.in_group {
            self.begin_group(b"{", b"");
        } else {
            self.begin_groups();
        }
        self.comma();
        self.put(text);
    }

    fn stray_line(&mut self, text: &[u8]) {
        self.put(b"{\"segment\":");
        self.put(text);
        // Binary data that go on are told by their text, which is no whole array yet.
        if text.last() == Some(&b']') {
            self.put(b"}\n");
        }
    }

    fn open_group(&mut self) {
        self.begin_groups();
        let Envelope {
            groups,
            sets,
            in_group,
            group_begun,
            group_number,
            ..
        } = &mut self.envelope;
        *groups += 1;
        (*sets, *in_group, *group_begun) = (0, true, false);
        group_number.clear();
    }

    fn group_header(&mut self, text: &[u8]) {
        self.envelope.counted += 1;
        let mut header = b"{\"header\":".to_vec();
        header.extend_from_slice(text);
        header.push(b',');
        let mut line = b"{\"open\":\"group\"".to_vec();
        line.extend_from_slice(b",\"header\":");
        line.extend_from_slice(text);
        self.begin_group(&header, &line);
    }

    /// Writes what opens the group, once.
    fn begin_group(&mut self, object: &[u8], line: &[u8]) {
        if std::mem::replace(&mut self.envelope.group_begun, true) {
            return;
        }
        if self.lines {
            self.put(line);
            self.put_number("ordinal", self.envelope.groups);
            self.put(b"}\n");
        } else {
            self.comma();
            self.put(object);
            self.put(b"\"transactions\":[");
        }
        self.envelope.items = 0;
    }

    fn close_group(&mut self) {
        self.begin_group(b"{", b"{\"open\":\"group\"");
        self.put(if self.lines {
            b"{\"close\":\"group\""
        } else {
            b"]"
        });
        self.set.trailer.write(&mut self.out);
        self.put(if self.lines { b"}\n" } else { b"}" });
        self.envelope.in_group = false;
        // At least this group stands.
        self.envelope.items = 1;
    }

    /// Goes behind the groups of the interchange.
    fn end_groups(&mut self) {
        self.begin_groups();
        if self.envelope.part == Part::End {
            return;
        }
        self.envelope.part = Part::End;
        self.put(if self.lines {
            b"{\"close\":\"interchange\""
        } else {
            b"]"
        });
        self.set.trailer.write(&mut self.out);
    }

    fn after(&mut self, text: &[u8]) {
        self.end_groups();
        self.put(b",\"$after\":");
        self.put(text);
    }

    fn close_interchange(&mut self) {
        self.end_groups();
        self.put(if self.lines { b"}\n" } else { b"}" });
    }
}
