//! The standard's interchange note codes, TA105.

macro_rules! notes {
    ($($variant:ident $code:literal : $doc:literal;)*) => {
        /// Why an interchange is rejected: the standard's note codes (TA105), without 000, which finds nothing wrong.
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
        }
    };
}

notes! {
    ControlNumbersDiffer "001" : "The control numbers of header and trailer differ.";
    Standard "002" : "The standard that ISA11 names is not supported.";
    Version "003" : "The version of the control segments is not supported.";
    SegmentTerminator "004" : "The segment terminator is not valid.";
    SenderQualifier "005" : "The sender's qualifier, ISA05, is not valid.";
    Sender "006" : "The sender, ISA06, is not valid.";
    ReceiverQualifier "007" : "The receiver's qualifier, ISA07, is not valid.";
    Receiver "008" : "The receiver, ISA08, is not valid.";
    ReceiverUnknown "009" : "The receiver, ISA08, is not known.";
    AuthorizationQualifier "010" : "The qualifier ISA01 is not valid.";
    Authorization "011" : "The authorization, ISA02, is not valid.";
    SecurityQualifier "012" : "The qualifier ISA03 is not valid.";
    Security "013" : "The security information, ISA04, is not valid.";
    Date "014" : "The date, ISA09, is not valid.";
    Time "015" : "The time, ISA10, is not valid.";
    StandardValue "016" : "The value of ISA11 is not valid.";
    VersionValue "017" : "The value of ISA12 is not valid.";
    ControlNumberValue "018" : "The control number, ISA13, is not valid.";
    AcknowledgmentRequested "019" : "The value of ISA14 is not valid.";
    Usage "020" : "The usage indicator, ISA15, is not valid, or not the one that is expected here.";
    GroupCount "021" : "The number of groups is not what the trailer says.";
    ControlStructure "022" : "The control segments are not in order.";
    EndOfFile "023" : "The file ends too early.";
    Content "024" : "What stands between header and trailer is not valid.";
    DuplicateControlNumber "025" : "The control number was received before.";
    ElementSeparator "026" : "The element separator is not valid.";
    ComponentSeparator "027" : "The component separator is not valid.";
    DeliveryDate "028" : "The delivery date is not valid.";
    DeliveryTime "029" : "The delivery time is not valid.";
    DeliveryTimeCode "030" : "The delivery time code is not valid.";
    ServiceGrade "031" : "The grade of service is not valid.";
}
