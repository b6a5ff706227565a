//! The standard's interchange note codes, TA105, and how grave each is unless a partner says otherwise.

macro_rules! notes {
    ($($variant:ident $code:literal $severity:ident $basis:ident : $doc:literal;)*) => {
        /// Why an interchange is not simply accepted: the standard's note codes (TA105), without 000, which finds nothing wrong.
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub enum Ta1Note {
            $(#[doc = $doc] $variant,)*
        }

        impl Ta1Note {
            /// All notes there are.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// TA105: `025`.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// How grave it is unless a partner says otherwise (x12-standard §4, with our own severities).
            #[must_use]
            pub fn severity(self) -> Ta1Severity {
                match self { $(Self::$variant => Ta1Severity::$severity,)* }
            }

            /// What it is that can tell.
            #[must_use]
            pub fn basis(self) -> NoteBasis {
                match self { $(Self::$variant => NoteBasis::$basis,)* }
            }
        }
    };
}

notes! {
    ControlNumbersDiffer "001" Rejected Document : "The control numbers of header and trailer differ.";
    Standard "002" AcceptedWithErrors Document : "The standard that ISA11 names is not supported.";
    Version "003" AcceptedWithErrors Document : "The version of the control segments is not supported.";
    SegmentTerminator "004" Rejected Document : "The segment terminator is not valid.";
    SenderQualifier "005" Rejected Document : "The sender's qualifier, ISA05, is not valid.";
    Sender "006" Rejected Document : "The sender, ISA06, is not valid.";
    ReceiverQualifier "007" Rejected Document : "The receiver's qualifier, ISA07, is not valid.";
    Receiver "008" Rejected Document : "The receiver, ISA08, is not valid.";
    ReceiverUnknown "009" Rejected Caller : "The receiver, ISA08, is not known.";
    AuthorizationQualifier "010" Rejected Document : "The qualifier ISA01 is not valid.";
    Authorization "011" Rejected Document : "The authorization, ISA02, is not valid.";
    SecurityQualifier "012" Rejected Document : "The qualifier ISA03 is not valid.";
    Security "013" Rejected Document : "The security information, ISA04, is not valid.";
    Date "014" Rejected Document : "The date, ISA09, is not valid.";
    Time "015" Rejected Document : "The time, ISA10, is not valid.";
    StandardValue "016" Rejected Document : "The value of ISA11 is not valid.";
    VersionValue "017" Rejected Document : "The value of ISA12 is not valid.";
    ControlNumberValue "018" Rejected Document : "The control number, ISA13, is not valid.";
    AcknowledgmentRequested "019" AcceptedWithErrors Document : "The value of ISA14 is not valid.";
    Usage "020" Rejected Document : "The usage indicator, ISA15, is not valid; or, as the caller knows, not the one that is expected here.";
    GroupCount "021" Rejected Document : "The number of groups is not what the trailer says.";
    ControlStructure "022" Rejected Document : "The control segments are not in order.";
    EndOfFile "023" Rejected Document : "The file ends too early.";
    Content "024" Rejected Document : "What stands between header and trailer is not valid.";
    DuplicateControlNumber "025" Rejected Caller : "The control number was received before.";
    ElementSeparator "026" Rejected Document : "The element separator is not valid.";
    ComponentSeparator "027" Rejected Document : "The component separator is not valid.";
    DeliveryDate "028" Rejected Unsupported : "The delivery date is not valid.";
    DeliveryTime "029" Rejected Unsupported : "The delivery time is not valid.";
    DeliveryTimeCode "030" Rejected Unsupported : "The delivery time code is not valid.";
    ServiceGrade "031" Rejected Unsupported : "The grade of service is not valid.";
}

impl Ta1Note {
    /// The note of a TA105.
    #[must_use]
    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|note| note.code() == code)
    }
}

/// What becomes of an interchange with a note, TA104.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Ta1Severity {
    /// A: the note is passed over.
    Accepted,
    /// E: the interchange is accepted with errors, and its groups are answered.
    AcceptedWithErrors,
    /// R: the interchange is rejected, and nothing else answers it.
    Rejected,
}

impl Ta1Severity {
    /// TA104: `E`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Accepted => "A",
            Self::AcceptedWithErrors => "E",
            Self::Rejected => "R",
        }
    }
}

/// What can tell that a note is due.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum NoteBasis {
    /// The document itself.
    Document,
    /// Only who knows the partners and what was received before: the caller says so by [`AcknowledgmentOptions::rejected`].
    ///
    /// [`AcknowledgmentOptions::rejected`]: crate::AcknowledgmentOptions::rejected
    Caller,
    /// Nothing here: it is about deferred delivery (ISB and ISE), which is not supported; its segments are kept and not looked into.
    Unsupported,
}

impl NoteBasis {
    /// Why no document shows it, if none can.
    #[must_use]
    pub fn reason(self) -> Option<&'static str> {
        match self {
            Self::Document => None,
            Self::Caller => Some("only the caller can know"),
            Self::Unsupported => Some("deferred delivery is not supported"),
        }
    }
}
