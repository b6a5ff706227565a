//! Writes segments: the only place where X12 is made from parts rather than copied.

use crate::delimiters::Delimiters;

/// What stands for a name that the document does not say.
pub(crate) const UNKNOWN: &[u8] = b"UNKNOWN";

/// Greatest lengths: of an identification (data element 67), and a reference (127).
pub(crate) const ID: usize = 80;
pub(crate) const REFERENCE: usize = 50;

/// Segments under one set of delimiters.
pub(crate) struct Compose {
    pub(crate) bytes: Vec<u8>,
    pub(crate) segments: u64,
    delimiters: Delimiters,
}

impl Compose {
    /// With the delimiters of the received interchange, if they are fit to be written; without one of repetitions where nothing repeats.
    pub(crate) fn new(received: &Delimiters, repeats: bool) -> Self {
        let received = Delimiters {
            repetition: received.repetition.filter(|_| repeats),
            ..*received
        };
        let Delimiters {
            segment,
            element,
            component,
            repetition,
        } = received;
        let all = [segment, element, component, repetition.unwrap_or(b'^')];
        let fit = all.iter().all(u8::is_ascii_punctuation)
            && !received.clash()
            && repetition.is_some() == repeats;
        let default = Delimiters::default();
        Self {
            bytes: Vec::new(),
            segments: 0,
            delimiters: if fit {
                received
            } else {
                Delimiters {
                    repetition: default.repetition.filter(|_| repeats),
                    ..default
                }
            },
        }
    }

    pub(crate) fn delimiters(&self) -> &Delimiters {
        &self.delimiters
    }

    /// Appends a segment; empty elements at its end are left out.
    pub(crate) fn segment(&mut self, id: &str, elements: &[&[u8]]) {
        let used = elements
            .iter()
            .rposition(|element| !element.is_empty())
            .map_or(0, |last| last + 1);
        self.bytes.extend_from_slice(id.as_bytes());
        for element in &elements[..used] {
            self.bytes.push(self.delimiters.element);
            let start = self.bytes.len();
            self.bytes.extend_from_slice(element);
            self.replace(start);
        }
        self.bytes.push(self.delimiters.segment);
        self.bytes.push(b'\n');
        self.segments += 1;
    }

    /// Appends a segment one of whose elements has components: they are given joined by [`Self::join`].
    pub(crate) fn join(&self, components: &[&[u8]]) -> Vec<u8> {
        let used = components
            .iter()
            .rposition(|component| !component.is_empty())
            .map_or(0, |last| last + 1);
        components[..used].join(&self.delimiters.component)
    }

    /// Whether a value can be written as it is.
    pub(crate) fn takes(&self, value: &[u8]) -> bool {
        value.iter().all(|&b| {
            (0x20..0x7F).contains(&b) && !self.delimiters.contains(b) && b != b'^' && b != b'`'
        })
    }

    /// What can be written of a value: no delimiter, nothing that X12 cannot hold, no blanks around it, no more than there is room for.
    pub(crate) fn text(&self, value: &[u8], most: usize) -> Vec<u8> {
        let fit = |&byte: &u8| match self.takes(&[byte]) {
            true => byte,
            false => b' ',
        };
        let text: Vec<u8> = value.trim_ascii().iter().take(most).map(fit).collect();
        text.trim_ascii().to_vec()
    }

    /// As [`Self::text`], or what stands for it where nothing can be written.
    pub(crate) fn required(&self, value: &[u8], most: usize, otherwise: &[u8]) -> Vec<u8> {
        let text = self.text(value, most);
        if text.is_empty() {
            otherwise.to_vec()
        } else {
            text
        }
    }

    /// What X12 cannot hold becomes a blank: it has no way to quote a delimiter.
    fn replace(&mut self, start: usize) {
        let Delimiters {
            segment, element, ..
        } = self.delimiters;
        for byte in &mut self.bytes[start..] {
            if !(0x20..0x7F).contains(byte) || *byte == segment || *byte == element {
                *byte = b' ';
            }
        }
    }
}
