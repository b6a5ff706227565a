//! Segments written element by element: what is told, what is filled in, and what replaces either.

use crate::delimiters::Delimiters;
use crate::json::buffer::Buffer;
use crate::json::fields::{Fields, Reach};
use crate::json::restore::Target;
use crate::json::scan::{Scanner, Span, Stop};
use crate::limits::Limits;

/// Writes segments.
pub(crate) struct Pen {
    pub(crate) out: Buffer,
    pub(crate) target: Target,
    /// Segments since the counting began.
    pub(crate) segments: u64,
    /// The delimiters, by their bytes.
    stops: [bool; 256],
    cells: Vec<Cell>,
    bytes: Vec<u8>,
    /// The element that holds binary data: its separator stands even if they are none.
    data: u16,
    fields: Fields,
}

/// Where a value stands in a segment; repetition and component from zero.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Spot {
    pub(crate) element: u16,
    pub(crate) repetition: u16,
    pub(crate) component: u16,
}

#[derive(Clone, Copy)]
struct Cell {
    spot: Spot,
    text: Span,
}

impl Pen {
    pub(crate) fn new(delimiters: Delimiters, suffix: Vec<u8>) -> Self {
        Self {
            out: Buffer::default(),
            target: Target::new(delimiters, suffix),
            segments: 0,
            stops: stops(&delimiters),
            cells: Vec::new(),
            bytes: Vec::new(),
            data: 0,
            fields: Fields::holding_binary(),
        }
    }

    /// Begins a segment.
    pub(crate) fn begin(&mut self) {
        self.cells.clear();
        self.bytes.clear();
        self.data = 0;
    }

    /// Puts a value at its place, unless delimiters stand in it: then says which.
    pub(crate) fn put(&mut self, spot: Spot, text: &[u8]) -> Result<(), &'static str> {
        let stop = text.iter().find(|&&byte| self.stops[usize::from(byte)]);
        if let Some(&byte) = stop {
            let delimiters = &self.target.delimiters;
            return Err(match byte {
                byte if byte == delimiters.element => "a value holds the delimiter of elements",
                byte if byte == delimiters.segment => "a value holds the terminator of segments",
                byte if byte == delimiters.component => "a value holds the delimiter of components",
                _ => "a value holds the delimiter of repetitions",
            });
        }
        self.push(spot, text);
        Ok(())
    }

    /// Puts a value of a control segment at its place, in which only the delimiters of elements and segments mean anything.
    pub(crate) fn put_control(&mut self, spot: Spot, text: &[u8]) -> Result<(), &'static str> {
        let Delimiters {
            element, segment, ..
        } = self.target.delimiters;
        if memchr::memchr2(element, segment, text).is_some() {
            return Err("a value holds a delimiter");
        }
        self.push(spot, text);
        Ok(())
    }

    /// Puts binary data, whose length and not a delimiter tells where they end.
    pub(crate) fn put_data(&mut self, spot: Spot, data: &[u8]) {
        self.push(spot, data);
        self.data = spot.element;
    }

    /// Whether data would end their element, or segment, if their length did not say where they do.
    pub(crate) fn divides(&self, data: &[u8]) -> bool {
        let Delimiters {
            element, segment, ..
        } = self.target.delimiters;
        memchr::memchr2(element, segment, data).is_some()
    }

    fn push(&mut self, spot: Spot, text: &[u8]) {
        let from = self.bytes.len();
        self.bytes.extend_from_slice(text);
        let text = Span {
            from,
            to: self.bytes.len(),
        };
        self.cells.push(Cell { spot, text });
    }

    /// Forgets what was put into an element.
    pub(crate) fn clear(&mut self, element: u16) {
        self.cells.retain(|cell| cell.spot.element != element);
    }

    /// What was put at a place.
    pub(crate) fn get(&self, spot: Spot) -> Option<&[u8]> {
        let cell = self.cells.iter().rev().find(|cell| cell.spot == spot)?;
        Some(cell.text.of(&self.bytes))
    }

    /// Writes the segment, without what is empty at the ends.
    pub(crate) fn write(&mut self, id: &str) {
        self.target.settle(&mut self.out);
        self.cells.sort_by_key(|cell| cell.spot);
        self.out.put(id.as_bytes());
        let Delimiters {
            element,
            component,
            repetition,
            segment,
        } = self.target.delimiters;
        let mut here = Spot::default();
        for (index, cell) in self.cells.iter().enumerate() {
            // Of several at one place the last holds.
            let outdone = self
                .cells
                .get(index + 1)
                .is_some_and(|next| next.spot == cell.spot);
            if outdone || cell.text.is_empty() {
                continue;
            }
            while here.element < cell.spot.element {
                self.out.put(&[element]);
                here = Spot {
                    element: here.element + 1,
                    ..Spot::default()
                };
            }
            while here.repetition < cell.spot.repetition {
                self.out.put(repetition.as_slice());
                here = Spot {
                    repetition: here.repetition + 1,
                    component: 0,
                    ..here
                };
            }
            while here.component < cell.spot.component {
                self.out.put(&[component]);
                here.component += 1;
            }
            self.out.put(cell.text.of(&self.bytes));
        }
        for _ in here.element..self.data {
            self.out.put(&[element]);
        }
        self.out.put(&[segment]);
        self.target.owes_suffix = true;
        self.segments += 1;
    }

    /// Whether a repetition could be written.
    pub(crate) fn repeats(&self) -> bool {
        self.target.delimiters.repetition.is_some()
    }

    /// Writes a segment that is told as an array.
    pub(crate) fn verbatim(&mut self, json: &[u8], limits: &Limits) -> Result<(), Stop> {
        let mut scanner = Scanner {
            text: json,
            at: 0,
            string_bytes: limits.record_bytes,
        };
        match self.fields.read(&mut scanner, limits.elements)? {
            Reach::Whole => {
                self.target.put(&self.fields, false, &mut self.out)?;
            }
            Reach::Binary { at, .. } => return Err(Stop::bad("this is not JSON", at)),
        }
        self.segments += 1;
        Ok(())
    }

    /// Writes bytes as they are.
    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.out.put(bytes);
    }

    /// Goes on with these delimiters.
    pub(crate) fn change(&mut self, delimiters: Delimiters, suffix: Vec<u8>) {
        self.target.settle(&mut self.out);
        self.stops = stops(&delimiters);
        self.target = Target::new(delimiters, suffix);
    }
}

fn stops(delimiters: &Delimiters) -> [bool; 256] {
    let mut stops = [false; 256];
    for byte in (0..=u8::MAX).filter(|&byte| delimiters.contains(byte)) {
        stops[usize::from(byte)] = true;
    }
    stops
}
