//! What was decided, as the caller is told it: transaction sets first, then their group, then the interchange.

use crate::acknowledge::AnswerSet;
use crate::acknowledge::records::RecordVerdicts;
use crate::control_number::ControlNumber;
use crate::place::text;

/// What was decided about a part of a document, told when that part has ended: so a transaction set before its group, and a group
/// before its interchange.
///
/// A transaction set **counts as accepted only if its group and its interchange are not rejected either**: their faults may lie
/// behind it. Whoever forwards what was accepted waits for [`Decided::Interchange`].
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Decided {
    /// A transaction set.
    Set(SetDecision),
    /// A group.
    Group(GroupDecision),
    /// An interchange, whose answer has been written if there is one.
    Interchange(Decision),
}

/// What a 999 or a 997 says of a transaction set.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Verdict {
    /// IK501 or AK501 A.
    Accepted,
    /// E: records of it are rejected, see [`crate::Rejects::Records`].
    AcceptedWithErrors,
    /// R, or what would be R if its interchange or group were not rejected.
    Rejected,
    /// Nothing answers it, as it is an acknowledgment itself.
    NotAnswered,
}

/// What was decided about a received transaction set.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct SetDecision {
    /// Which interchange of the document, from one.
    pub interchange: u32,
    /// Which group of the interchange, from one.
    pub group: u32,
    /// Which transaction set of the group, from one.
    pub set: u32,
    /// ST01, what it is.
    pub st01: String,
    /// Its control number, ST02.
    pub st02: String,
    /// What its answer says, if its group and its interchange are not rejected.
    pub verdict: Verdict,
    /// How many errors were found in it that its answer does not tell, as it has no code for them.
    pub untold: u64,
    /// What becomes of its records if it is accepted; none if it cannot be divided, or its guide is not known.
    pub records: Option<RecordVerdicts>,
}

/// What was decided about a received group; it was not sent if its interchange is rejected.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct GroupDecision {
    /// Which interchange of the document, from one.
    pub interchange: u32,
    /// Which group of the interchange, from one.
    pub group: u32,
    /// What it holds, GS01.
    pub gs01: String,
    /// Its control number, GS06.
    pub gs06: String,
    /// Its version, GS08.
    pub gs08: String,
    /// What answers it: none if it holds acknowledgments, or [`crate::GroupPolicy`] has it unanswered.
    pub answer: Option<AnswerSet>,
    /// AK901, or what it would be: `R` rejects all of its transaction sets; none if it holds acknowledgments.
    pub code: Option<&'static str>,
    /// Transaction sets received.
    pub received: u64,
    /// Transaction sets accepted.
    pub accepted: u64,
}

/// What was decided about a received interchange.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Decision {
    /// Which interchange of the document, from one.
    pub interchange: u32,
    /// Its control number, ISA13.
    pub isa13: String,
    /// TA104 and TA105, if a TA1 was sent.
    pub ta1: Option<(&'static str, &'static str)>,
    /// Whether it is rejected: then nothing in it is accepted, whatever was told before.
    pub rejected: bool,
    /// The control numbers of the answer, if one was sent.
    pub answer: Option<AnswerNumbers>,
    /// Why nothing was sent, if nothing was.
    pub suppressed: Option<&'static str>,
}

/// The control numbers that an answer was given.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct AnswerNumbers {
    /// ISA13 of the answer.
    pub isa13: ControlNumber,
    /// GS06 of the group that holds its 997s, if it has one.
    pub gs06_of_997s: Option<ControlNumber>,
    /// GS06 of the group that holds its 999s, if it has one.
    pub gs06_of_999s: Option<ControlNumber>,
}

/// What was decided about a group.
pub(crate) struct Composed {
    /// AK901.
    pub(crate) code: &'static str,
    /// Transaction sets accepted.
    pub(crate) accepted: u64,
    /// Whether it gets its answer.
    pub(crate) is_answered: bool,
}

/// Who is spoken of: the ordinals and identifying elements of what is open.
#[derive(Default)]
pub(crate) struct Opened {
    interchange: u32,
    group: u32,
    set: u32,
    sets: u64,
    gs: [String; 3],
    st: [String; 2],
    in_group: bool,
    in_set: bool,
    /// Whether the group holds acknowledgments.
    pub(crate) answers: bool,
}

impl Opened {
    pub(crate) fn new(interchange: u32) -> Self {
        Self {
            interchange,
            ..Self::default()
        }
    }

    pub(crate) fn is_in_group(&self) -> bool {
        self.in_group
    }

    pub(crate) fn is_in_set(&self) -> bool {
        self.in_set
    }

    pub(crate) fn open_group(&mut self) {
        *self = Self {
            group: self.group.saturating_add(1),
            in_group: true,
            ..Self::new(self.interchange)
        };
    }

    /// Takes GS01, GS06 and GS08.
    pub(crate) fn name_group(&mut self, gs: [&[u8]; 3]) {
        self.answers = gs[0] == b"FA";
        self.gs = gs.map(text);
    }

    pub(crate) fn open_set(&mut self) {
        self.set = self.set.saturating_add(1);
        self.sets += 1;
        self.in_set = true;
        self.st = Default::default();
    }

    /// Takes ST01 and ST02.
    pub(crate) fn name_set(&mut self, st: [&[u8]; 2]) {
        self.st = st.map(text);
    }

    pub(crate) fn close_set(
        &mut self,
        verdict: Verdict,
        untold: u64,
        records: Option<RecordVerdicts>,
    ) -> Decided {
        self.in_set = false;
        let [st01, st02] = std::mem::take(&mut self.st);
        Decided::Set(SetDecision {
            interchange: self.interchange,
            group: self.group,
            set: self.set,
            st01,
            st02,
            verdict,
            untold,
            records,
        })
    }

    /// Takes what answers the group, and what was decided about it, if it has a header and holds no acknowledgments.
    pub(crate) fn close_group(&mut self, answer: AnswerSet, composed: Option<Composed>) -> Decided {
        self.in_group = false;
        let [gs01, gs06, gs08] = std::mem::take(&mut self.gs);
        // A group without a header rejects its interchange, so none of its own kind is composed.
        let orphan = (!self.answers).then_some("R");
        let code = composed.as_ref().map(|it| it.code).or(orphan);
        let is_answered = composed.as_ref().is_none_or(|it| it.is_answered);
        Decided::Group(GroupDecision {
            interchange: self.interchange,
            group: self.group,
            gs01,
            gs06,
            gs08,
            answer: code.filter(|_| is_answered).map(|_| answer),
            code,
            received: self.sets,
            accepted: composed.map_or(0, |it| it.accepted),
        })
    }
}
