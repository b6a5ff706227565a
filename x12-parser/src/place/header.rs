//! What is wrong with an interchange header as such: widths, delimiters, what ISA11 and ISA12 declare.

use crate::delimiters::Delimiters;
use crate::envelope::is_version;
use crate::finding::Code;
use crate::place::{Here, ISA, Placer};
use crate::segment::{Segment, unwrapped};

/// First version of the control segments in which ISA11 separates repetitions; before, it names the standard.
const REPEATS_SINCE: &[u8] = b"00402";

/// The standard that ISA11 names before: that of the U.S. community of X12.
const STANDARD: &[u8] = b"U";

impl Placer {
    pub(super) fn header_findings(&mut self, segment: &Segment<'_>, here: &mut Here<'_>) {
        let Some(header) = &here.layout.header else {
            return;
        };
        let (wrapped, delimiters) = (header.wrapped, header.delimiters);
        for &element in &header.misfits {
            self.find_in(here, Code::InterchangeWidth, ISA, element);
        }
        if wrapped {
            self.find_in(here, Code::InterchangeWrapped, ISA, 0);
        }
        let declared = [11, 12].map(|number| unwrapped(segment.element(number).bytes()));
        for (code, element) in faults(&delimiters, &declared[0], &declared[1]) {
            self.find_in(here, code, ISA, element);
        }
    }
}

/// What is wrong with the delimiters and with what ISA11 and ISA12 say, and at which element.
fn faults(
    delimiters: &Delimiters,
    isa11: &[u8],
    isa12: &[u8],
) -> impl Iterator<Item = (Code, u16)> {
    let Delimiters {
        segment,
        element,
        component,
        ..
    } = *delimiters;
    let unfit = |byte: u8| byte.is_ascii_alphanumeric() || byte == b' ';
    let separates = isa12 >= REPEATS_SINCE;
    let repeats = |other: u8| separates && isa11 == [other];
    let is_taken = repeats(segment) || repeats(element) || repeats(component);
    // Another width is told as such.
    let (is_whole, is_number) = (isa12.len() == 5, isa12.iter().all(u8::is_ascii_digit));
    let faults = [
        (
            unfit(segment) || segment == element,
            Code::SegmentTerminator,
            0,
        ),
        (unfit(element), Code::ElementSeparator, 0),
        (is_taken, Code::RepetitionSeparator, 11),
        (
            !separates && isa11.len() == 1 && isa11 != STANDARD,
            Code::InterchangeStandard,
            11,
        ),
        (
            separates && matches!(isa11, [byte] if unfit(*byte)) && !is_taken,
            Code::DelimiterUnusual,
            11,
        ),
        (
            is_whole && is_number && !is_version(isa12),
            Code::InterchangeVersion,
            12,
        ),
        (is_whole && !is_number, Code::ElementCode, 12),
        (unfit(component), Code::ComponentSeparator, 16),
        (
            component == element || component == segment || repeats(component),
            Code::DelimitersEqual,
            16,
        ),
    ];
    let found = faults.into_iter().filter(|(is_wrong, ..)| *is_wrong);
    found.map(|(_, code, element)| (code, element))
}
