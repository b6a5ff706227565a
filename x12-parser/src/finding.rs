//! What is wrong in a document that can be read: a code and an exact place, and never a value.
//!
//! The functions that make findings take no value at all, so that none can slip into a log.

use std::fmt;
use std::sync::Arc;

use serde::ser::{Serialize, SerializeMap, Serializer};
use x12_schemas::table::{Element, Grade, Guide, NONE, SituationRule};

/// How grave a finding is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Severity {
    /// Worth knowing, nothing to do.
    Info,
    /// Allowed or harmless, yet a trap.
    Warning,
    /// Breaks the standard or the guide.
    Error,
}

impl Severity {
    /// That of a guide or an overlay.
    pub(crate) fn of(grade: Grade) -> Self {
        match grade {
            Grade::Info => Self::Info,
            Grade::Warning => Self::Warning,
            Grade::Error => Self::Error,
        }
    }

    /// Its name in lower case.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// The acknowledgment codes that follow from a finding; empty where that acknowledgment has none for it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct AcknowledgmentCodes {
    /// TA105, the interchange note code.
    pub ta105: &'static str,
    /// AK905, the group's syntax error code.
    pub ak905: &'static str,
    /// IK502, the transaction set's syntax error code.
    pub ik502: &'static str,
    /// IK304, the segment's syntax error code.
    pub ik304: &'static str,
    /// IK403, the element's syntax error code.
    pub ik403: &'static str,
}

impl AcknowledgmentCodes {
    /// Whether a 999 rejects the transaction set for it.
    pub(crate) fn reject_set(self) -> bool {
        !self.ik304.is_empty() || !self.ik502.is_empty()
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident $name:literal $severity:ident $snip:literal $($ack:ident=$value:literal)* : $message:literal;)*) => {
        /// What is wrong. Names and meanings are stable.
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[$doc])* #[doc = $message] $variant,)*
        }

        impl Code {
            /// All codes there are.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Its stable name: `segment-missing`.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What it means, in lower case and without a value.
            #[must_use]
            pub fn message(self) -> &'static str {
                match self { $(Self::$variant => $message,)* }
            }

            /// How grave it is unless a partner says otherwise.
            #[must_use]
            pub fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity,)* }
            }

            /// The SNIP type of the check that found it, 1 to 7.
            #[must_use]
            pub fn snip(self) -> u8 {
                match self { $(Self::$variant => $snip,)* }
            }

            /// The acknowledgment codes that follow (x12-standard §4, §5.2).
            #[must_use]
            pub fn acknowledgment(self) -> AcknowledgmentCodes {
                match self {
                    $(Self::$variant => AcknowledgmentCodes { $($ack: $value,)* ..AcknowledgmentCodes::default() },)*
                }
            }
        }
    };
}

codes! {
    TextBeforeInterchange "text-before-interchange" Warning 1 : "text stands before the first interchange header";
    TextAfterInterchange "text-after-interchange" Warning 1 : "text stands behind an interchange";
    InterchangeWidth "interchange-header-width" Error 1 ta105="022": "an element of the interchange header has not its fixed width";
    InterchangeWrapped "interchange-header-wrapped" Warning 1 : "line breaks stand inside the interchange header";
    DelimitersEqual "delimiters-equal" Error 1 ta105="027": "the component separator is another delimiter too";
    RepetitionSeparator "repetition-separator" Error 1 ta105="016": "the repetition separator is another delimiter too";
    SegmentTerminator "segment-terminator" Error 1 ta105="004": "the segment terminator is a letter, digit or blank, or the element separator too";
    ElementSeparator "element-separator" Error 1 ta105="026": "the element separator is a blank";
    ComponentSeparator "component-separator" Error 1 ta105="027": "the component separator is a letter, digit or blank";
    DelimiterUnusual "delimiter-unusual" Warning 1 : "what ISA11 holds cannot separate repetitions: they are not read";
    InterchangeStandard "interchange-standard" Error 1 ta105="002": "the standard that ISA11 names is not known";
    InterchangeVersion "interchange-version" Error 1 ta105="003": "the version of the control segments is not known";
    InterchangeTrailerMissing "interchange-trailer-missing" Error 1 ta105="023": "the interchange has no trailer (IEA)";
    InterchangeControlNumber "interchange-control-number" Error 1 ta105="001": "the trailer's control number is not the header's";
    InterchangeControlNumberTwice "interchange-control-number-twice" Warning 1 ta105="025": "an interchange before it has the same control number";
    GroupCount "group-count" Error 1 ta105="021": "the number of groups is not what the trailer says";
    GroupHeaderMissing "group-header-missing" Error 1 ta105="024": "a transaction set stands outside any group";
    GroupTrailerMissing "group-trailer-missing" Error 1 ak905="3": "the group has no trailer (GE)";
    GroupControlNumber "group-control-number" Error 1 ak905="4": "the trailer's control number is not the header's";
    GroupControlNumberTwice "group-control-number-twice" Error 1 ak905="6": "a group before it in the interchange has the same control number";
    SetCount "set-count" Error 1 ak905="5": "the number of transaction sets is not what the trailer says";
    GroupDisagrees "group-disagrees" Error 1 ik502="18": "the transaction set does not belong in this group";
    SetTrailerMissing "set-trailer-missing" Error 1 ik502="2": "the transaction set has no trailer (SE)";
    SetControlNumber "set-control-number" Error 1 ik502="3": "the trailer's control number is not the header's";
    SetControlNumberTwice "set-control-number-twice" Error 1 ik502="23": "a transaction set before it in the group has the same control number";
    SegmentCount "segment-count" Error 1 ik502="4": "the number of segments is not what the trailer says";
    GuideUnknown "guide-unknown" Error 1 ik502="I6": "no guide is known for this transaction set: its contents are not checked";
    GuideAlias "guide-alias" Info 2 : "the guide goes by another identifier of the same guide";
    SegmentOutsideSet "segment-outside-set" Error 1 ta105="024": "a segment stands outside any transaction set";
    TrailerWithoutHeader "trailer-without-header" Error 1 ta105="022": "a trailer closes nothing that is open";
    SegmentEmpty "segment-empty" Error 1 ik304="1": "a terminator stands where a segment should begin";
    SegmentUnrecognized "segment-unrecognized" Error 1 ik304="1": "the segment's identifier is not known";
    SegmentNotInSet "segment-not-in-set" Error 1 ik304="6": "the segment is not part of this transaction set";
    SegmentUnexpected "segment-unexpected" Error 1 ik304="2": "the segment may not stand here";
    SegmentOutOfSequence "segment-out-of-sequence" Error 1 ik304="7": "the segment stands too late in its loop";
    SegmentMissing "segment-missing" Error 1 ik304="3": "a required segment is missing";
    LoopMissing "loop-missing" Error 2 ik304="3": "a required loop is missing";
    SegmentTooOften "segment-too-often" Error 1 ik304="5": "the segment stands more often than it may";
    LoopTooOften "loop-too-often" Error 1 ik304="4": "the loop stands more often than it may";
    SegmentNotUsed "segment-not-used" Error 2 ik304="I4": "the guide does not use this segment";
    SegmentUnterminated "segment-unterminated" Error 1 ta105="023": "the document ends inside a segment";
    SegmentLowerCase "segment-lower-case" Warning 1 : "the segment's identifier is in lower case";
    LineBreakInside "line-break-inside" Warning 1 : "line breaks stand inside the segment";
    BinaryLength "binary-length" Error 1 ik304="8" ik403="5": "the binary data do not have their declared length";
    HierarchyNumber "hierarchy-number" Error 1 ik304="8" ik403="7": "hierarchical levels are not numbered one by one";
    HierarchyParent "hierarchy-parent" Error 1 ik304="8" ik403="7": "the parent is not the open level above";
    HierarchyChild "hierarchy-child" Error 2 ik304="8" ik403="7": "the child code does not say whether levels follow below";
    ElementMissing "element-missing" Error 1 ik304="8" ik403="1": "a required element is missing";
    ElementConditionMissing "element-condition-missing" Error 1 ik304="8" ik403="2": "an element is missing that another one demands";
    ElementExclusion "element-exclusion" Error 1 ik304="8" ik403="10": "two elements stand that may not stand together";
    ElementsTooMany "elements-too-many" Error 1 ik304="8" ik403="3": "the segment has more elements than the standard gives it";
    ComponentsTooMany "components-too-many" Error 1 ik304="8" ik403="13": "the element has more components than the standard gives it";
    RepetitionsTooMany "repetitions-too-many" Error 1 ik304="8" ik403="12": "the element repeats more often than it may";
    ElementTooShort "element-too-short" Error 1 ik304="8" ik403="4": "the element is too short";
    ElementTooLong "element-too-long" Error 1 ik304="8" ik403="5": "the element is too long";
    ElementCharacter "element-character" Error 1 ik304="8" ik403="6": "the element holds a character that its type does not allow";
    ElementCode "element-code" Error 2 ik304="8" ik403="7": "the code is not one that may stand here";
    ElementExternalCode "element-external-code" Error 5 ik304="8" ik403="7": "the code is not in its external list";
    ElementPattern "element-pattern" Error 2 ik304="8" ik403="I12": "the element does not look as the guide wants it";
    ElementDate "element-date" Error 1 ik304="8" ik403="8": "the date is not valid";
    ElementTime "element-time" Error 1 ik304="8" ik403="9": "the time is not valid";
    ElementNotUsed "element-not-used" Error 2 ik304="8" ik403="I10": "the guide does not use this element";
    TrailingDelimiters "trailing-delimiters" Warning 1 : "delimiters stand behind the last element or component";
    TrailingBlanks "trailing-blanks" Warning 1 : "blanks stand at the end of the element";
    FindingsOmitted "findings-omitted" Info 1 : "more findings in this transaction set were counted, not kept";
    Rule "rule" Error 4 : "a rule of the guide is broken";
}

impl Code {
    /// Whether it is told behind its segment, when something ends.
    pub(crate) fn is_late(self) -> bool {
        matches!(self, Self::HierarchyChild | Self::Rule)
    }
}

/// Control numbers that say whose part of the document a finding is in.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Identity {
    /// ISA13.
    pub interchange: String,
    /// GS06.
    pub group: String,
    /// ST02.
    pub set: String,
}

/// Where in a guide a finding is.
#[derive(Clone)]
pub struct Position {
    guide: Arc<Guide>,
    loop_index: u16,
    segment: u16,
}

impl Position {
    pub(crate) fn new(guide: &Arc<Guide>, loop_index: u16, segment: u16) -> Self {
        Self {
            guide: Arc::clone(guide),
            loop_index,
            segment,
        }
    }

    /// The guide.
    #[must_use]
    pub fn guide(&self) -> &Arc<Guide> {
        &self.guide
    }

    pub(crate) fn loop_index(&self) -> u16 {
        self.loop_index
    }

    /// Loop instance and segment definition in the tables of the guide.
    pub(crate) fn entry(&self) -> (u16, u16) {
        (self.loop_index, self.segment)
    }

    /// Identifier of the loop; empty in the transaction set itself and in the envelope.
    #[must_use]
    pub fn loop_id(&self) -> &str {
        self.guide
            .loops
            .get(usize::from(self.loop_index))
            .map_or("", |l| &l.id)
    }

    /// Identifiers of the loops from the outermost, joined by `/`.
    #[must_use]
    pub fn loop_path(&self) -> &str {
        self.guide
            .loops
            .get(usize::from(self.loop_index))
            .map_or("", |l| &l.path)
    }

    /// Identifier of the segment; none where the guide does not know it.
    #[must_use]
    pub fn segment_id(&self) -> Option<&str> {
        if self.segment == NONE {
            None
        } else {
            self.guide
                .segments
                .get(usize::from(self.segment))
                .map(|s| s.id.as_str())
        }
    }

    /// The guide's definition of an element of the segment, from one, or of a component of it, unless that is 0.
    pub(crate) fn element(&self, number: u16, component: u16) -> Option<&Element> {
        let element = self.guide.element(self.segment()?, number.into())?;
        match component {
            0 => Some(element),
            component => self.guide.component(element, component.into()),
        }
    }

    /// The data element number of an element of the segment or of a component of it; empty for a composite, which has none.
    pub(crate) fn data_element(&self, element: u16, component: u16) -> &str {
        let number = self
            .element(element, component)
            .map(|it| it.data_element.as_str());
        number
            .filter(|number| number.bytes().all(|b| b.is_ascii_digit()))
            .unwrap_or_default()
    }

    /// The guide's definition of the segment, if it has one.
    #[must_use]
    pub fn segment(&self) -> Option<&x12_schemas::table::Segment> {
        self.guide.segments.get(usize::from(self.segment))
    }
}

impl fmt::Debug for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {}/{}",
            self.guide.id,
            self.loop_path(),
            self.segment_id().unwrap_or("?")
        )
    }
}

/// Something wrong at an exact place.
#[derive(Clone, Debug)]
pub struct Finding {
    /// What is wrong.
    pub code: Code,
    /// How grave it is.
    pub severity: Severity,
    /// Offset in the document of the first byte concerned.
    pub offset: u64,
    /// Bytes concerned; 0 where something is missing.
    pub length: u64,
    /// Which interchange of the document, from one; 0 outside any.
    pub interchange: u32,
    /// Which group of the interchange, from one; 0 outside any.
    pub group: u32,
    /// Which transaction set of the group, from one; 0 outside any.
    pub set: u32,
    /// Which segment: of the transaction set, ST being 1; of the document outside any.
    pub segment: u64,
    /// Where in the guide, if a guide knows.
    pub position: Option<Position>,
    /// Element, from one; 0 if it concerns the segment.
    pub element: u16,
    /// Component, from one; 0 if it concerns the element.
    pub component: u16,
    /// Repetition, from one; 0 where the element does not repeat.
    pub repetition: u16,
    /// Whose part of the document.
    pub identity: Arc<Identity>,
    /// Which rule of the guide is broken, for [`Code::Rule`]; else [`NONE`].
    pub(crate) rule: u16,
    /// What made that rule matter, in the order of its conditions.
    pub(crate) triggers: Vec<Trigger>,
}

/// Where something stands that made a rule of the guide matter; what stands there is not told.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Trigger {
    /// Where in the guide.
    pub position: Position,
    /// Which segment of the transaction set, ST being 1.
    pub segment: u64,
    /// Element, from one; 0 if it is the segment.
    pub element: u16,
    /// Component, from one; 0 if it is the element.
    pub component: u16,
    /// Repetition, from one; 0 where the element does not repeat.
    pub repetition: u16,
}

impl Trigger {
    /// Whether another one is at the same place of the document.
    pub(crate) fn is_at(&self, other: &Self) -> bool {
        let place = |trigger: &Self| {
            (
                trigger.segment,
                trigger.element,
                trigger.component,
                trigger.repetition,
            )
        };
        place(self) == place(other)
    }
}

/// TA105, the note for a faulty element of the interchange header (x12-standard §4); 022 for the header itself.
const HEADER_NOTES: [&str; 17] = [
    "022", "010", "011", "012", "013", "005", "006", "007", "008", "014", "015", "016", "017",
    "018", "019", "020", "027",
];

/// IK304 and IK403 that rules may have, as the compiler of guides admits them.
const RULE_CODES: [&str; 11] = [
    "7", "8", "I4", "I6", "I7", "I8", "I9", "I10", "I11", "I12", "I13",
];

impl Finding {
    /// The rule of the guide that is broken, for [`Code::Rule`].
    #[must_use]
    pub fn rule(&self) -> Option<&SituationRule> {
        let guide = &self.position.as_ref()?.guide;
        guide.rules.get(usize::from(self.rule))
    }

    /// What made the broken rule matter, for [`Code::Rule`]; nothing if the rule always does.
    #[must_use]
    pub fn triggers(&self) -> &[Trigger] {
        &self.triggers
    }

    /// Its stable name: that of the code, `segment-missing`, or of the rule, `claim-total`.
    #[must_use]
    pub fn name(&self) -> &str {
        self.rule().map_or(self.code.name(), |rule| &rule.id)
    }

    /// What is wrong, in lower case and without a value.
    #[must_use]
    pub fn message(&self) -> &str {
        self.rule()
            .map_or(self.code.message(), |rule| &rule.message)
    }

    /// The SNIP type of the check that found it, 1 to 7.
    #[must_use]
    pub fn snip(&self) -> u8 {
        self.rule().map_or(self.code.snip(), |rule| rule.snip)
    }

    /// Says which rule is broken.
    pub(crate) fn break_rule(&mut self, rule: u16) {
        self.rule = rule;
        let grade = self.rule().map(|rule| rule.grade);
        self.severity = grade.map_or(Severity::Error, Severity::of);
    }

    /// The acknowledgment codes that follow from it at its place: a 999 has no words for what is wrong in an envelope.
    #[must_use]
    pub fn acknowledgment(&self) -> AcknowledgmentCodes {
        if let Some(rule) = self.rule() {
            let known = |code: &str| RULE_CODES.into_iter().find(|known| *known == code);
            return AcknowledgmentCodes {
                ik304: known(&rule.ik304).unwrap_or_default(),
                ik403: known(&rule.ik403).unwrap_or_default(),
                ..AcknowledgmentCodes::default()
            };
        }
        let codes = self.code.acknowledgment();
        let id = self.position.as_ref().and_then(Position::segment_id);
        let mut envelope = AcknowledgmentCodes::default();
        match id {
            _ if codes.ik304.is_empty() => return codes,
            Some("ISA") => {
                let note = HEADER_NOTES.get(usize::from(self.element));
                envelope.ta105 = note.copied().unwrap_or("022");
            }
            Some("GS") => {
                envelope.ak905 = match self.element {
                    6 => "6",
                    8 => "2",
                    _ => "",
                }
            }
            Some("TA1" | "GE" | "IEA") => {}
            _ => return codes,
        }
        envelope
    }

    /// The place as the trade writes it: `2300/CLM05-1`; empty if no guide knows it.
    #[must_use]
    pub fn path(&self) -> String {
        let Some(position) = &self.position else {
            return String::new();
        };
        let Some(id) = position.segment_id() else {
            return position.loop_id().to_owned();
        };
        let mut path = match position.loop_id() {
            "" => id.to_owned(),
            loop_id => format!("{loop_id}/{id}"),
        };
        if self.element > 0 {
            path += &format!("{:02}", self.element);
        }
        if self.component > 0 {
            path += &format!("-{}", self.component);
        }
        path
    }
}

/// One line of `--error-format json`, see `schemas/json/finding.schema.json`.
impl Serialize for Finding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("code", self.code.name())?;
        if let Some(rule) = self.rule() {
            map.serialize_entry("rule", &rule.id)?;
        }
        map.serialize_entry("severity", self.severity.name())?;
        map.serialize_entry("snip", &self.snip())?;
        map.serialize_entry("message", self.message())?;
        map.serialize_entry("offset", &self.offset)?;
        map.serialize_entry("length", &self.length)?;
        let ordinals = [
            ("interchange", self.interchange),
            ("group", self.group),
            ("set", self.set),
        ];
        for (key, value) in ordinals.into_iter().filter(|(_, value)| *value > 0) {
            map.serialize_entry(key, &value)?;
        }
        map.serialize_entry("segmentOrdinal", &self.segment)?;
        if let Some(position) = &self.position {
            map.serialize_entry("guide", &position.guide.id)?;
            map.serialize_entry("loop", position.loop_path())?;
            if let Some(id) = position.segment_id() {
                map.serialize_entry("segment", id)?;
            }
            map.serialize_entry("path", &self.path())?;
        }
        let parts = [
            ("element", self.element),
            ("component", self.component),
            ("repetition", self.repetition),
        ];
        for (key, value) in parts.into_iter().filter(|(_, value)| *value > 0) {
            map.serialize_entry(key, &value)?;
        }
        let Identity {
            interchange,
            group,
            set,
        } = &*self.identity;
        for (key, value) in [("isa13", interchange), ("gs06", group), ("st02", set)] {
            if !value.is_empty() {
                map.serialize_entry(key, value)?;
            }
        }
        map.serialize_entry("acknowledgment", &self.acknowledgment())?;
        map.end()
    }
}

impl Serialize for AcknowledgmentCodes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let Self {
            ta105,
            ak905,
            ik502,
            ik304,
            ik403,
        } = self;
        for (key, value) in [
            ("ta105", ta105),
            ("ak905", ak905),
            ("ik502", ik502),
            ("ik304", ik304),
            ("ik403", ik403),
        ] {
            if !value.is_empty() {
                map.serialize_entry(key, value)?;
            }
        }
        map.end()
    }
}
