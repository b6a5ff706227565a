//! Which rules of a guide look at a loop, and who reads a segment.

use x12_schemas::table::{Guide, Reading};

/// Which rules a guide has for a loop, and which of their cells read a segment.
#[derive(Debug, Default)]
pub(crate) struct RuleIndex {
    /// By loop instance: rules of which it is a scope.
    pub(crate) scopes: Vec<Vec<u16>>,
    /// By segment definition: who reads it.
    pub(crate) readers: Vec<Vec<Reader>>,
}

/// A cell that reads a segment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader {
    pub(crate) rule: u16,
    pub(crate) cell: u16,
    pub(crate) reading: Reading,
}

impl RuleIndex {
    pub(crate) fn new(guide: &Guide) -> Self {
        let mut index = Self {
            scopes: vec![Vec::new(); guide.loops.len()],
            readers: vec![Vec::new(); guide.segments.len()],
        };
        for (rule, definition) in (0..).zip(&guide.rules) {
            for &scope in &definition.scopes {
                index.scopes[usize::from(scope)].push(rule);
            }
            for (cell, reads) in (0..).zip(&definition.cells) {
                for &reading in &reads.readings {
                    let reader = Reader {
                        rule,
                        cell,
                        reading,
                    };
                    index.readers[usize::from(reading.segment)].push(reader);
                }
            }
        }
        index
    }

    /// Whether a rule reads segments of this definition.
    pub(crate) fn reads(&self, definition: usize) -> bool {
        self.readers
            .get(definition)
            .is_some_and(|readers| !readers.is_empty())
    }
}
