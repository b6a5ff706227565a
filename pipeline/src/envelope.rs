//! Who sends what to whom in a document: the identity of its interchanges and groups, and nothing else of it.

use std::io::Read;

use x12_parser::{CLAIM_ACKNOWLEDGMENT_GUIDE, Error, Options, Segment, Visit, visit_envelopes};

use crate::failure::{Failure, Result};
use crate::paper::readable;
use crate::profile::Profile;

/// Interchanges, and groups, that one document may have.
const MOST: usize = 100_000;

/// An interchange.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Envelope {
    /// `ISA05:ISA06`, blanks at the end left out.
    pub sender: String,
    /// `ISA07:ISA08`.
    pub receiver: String,
    /// Control number.
    pub isa13: String,
    /// Usage indicator.
    pub isa15: String,
    /// GS01, GS02 and GS03 of its groups.
    pub groups: Vec<[String; 3]>,
    /// Whether acknowledgments are among it: TA1 segments, or groups of 999s, 997s, 277CAs or 824s.
    pub answers: bool,
}

impl Envelope {
    /// By what the interchange is known when it comes again.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{} {} {}", self.sender, self.receiver, self.isa13)
    }

    /// Whether a partner may send it.
    #[must_use]
    pub fn is_from(&self, profile: &Profile) -> bool {
        profile.theirs.isa.contains(&self.sender)
            && self
                .groups
                .iter()
                .all(|[_, sender, _]| profile.theirs.gs.contains(sender))
    }

    /// Whether it is addressed to us.
    #[must_use]
    pub fn is_to(&self, profile: &Profile) -> bool {
        self.receiver == profile.ours.isa
    }
}

/// The envelopes of a document, up to where it can be read.
///
/// # Errors
/// [`Failure::Quarantine`] if there is no interchange at all, or far too many; else a failure to read.
pub fn read(document: impl Read, options: &Options) -> Result<Vec<Envelope>> {
    let mut envelopes: Vec<Envelope> = Vec::new();
    let mut groups = 0;
    let read = visit_envelopes(document, options, |visit| {
        if let Visit::Segment(visited) = visit {
            groups += see(&visited.segment, &mut envelopes);
        }
        if envelopes.len() > MOST || groups > MOST {
            return Err(Error::Limit {
                limit: "envelopes",
                max: MOST as u64,
                at: 0,
            });
        }
        Ok(())
    });
    let too_many = envelopes.len() > MOST || groups > MOST;
    match readable(read)? {
        _ if too_many => Err(Failure::quarantine(
            "envelopes-too-many",
            "the document has more interchanges or groups than are taken at once",
        )),
        Err(_) if envelopes.is_empty() => Err(Failure::quarantine(
            "no-interchange",
            "the document has no interchange that can be read",
        )),
        _ => Ok(envelopes),
    }
}

/// Takes what an envelope's segment says; how many groups it opens.
fn see(segment: &Segment<'_>, envelopes: &mut Vec<Envelope>) -> usize {
    let text = |number: usize| {
        let bytes = segment.element(number).bytes();
        String::from_utf8_lossy(bytes.get(..bytes.len().min(35)).unwrap_or_default())
            .trim_end()
            .to_owned()
    };
    match segment.id() {
        b"ISA" => envelopes.push(Envelope {
            sender: format!("{}:{}", text(5), text(6)),
            receiver: format!("{}:{}", text(7), text(8)),
            isa13: text(13),
            isa15: text(15),
            ..Envelope::default()
        }),
        b"TA1" => {
            if let Some(envelope) = envelopes.last_mut() {
                envelope.answers = true;
            }
        }
        b"GS" => {
            if let Some(envelope) = envelopes.last_mut() {
                envelope.answers |= match &*text(1) {
                    "FA" | "AG" => true,
                    "HN" => text(8).starts_with(CLAIM_ACKNOWLEDGMENT_GUIDE),
                    _ => false,
                };
                envelope.groups.push([text(1), text(2), text(3)]);
                return 1;
            }
        }
        _ => {}
    }
    0
}
