//! Addresses and control numbers as they were received.

use x12_parser::{ControlNumber, Envelope, Error, GroupAddress, InterchangeAddress};

pub fn interchange(received: &Envelope) -> Result<InterchangeAddress, Error> {
    let isa13 = number(received.isa(13));
    Ok(InterchangeAddress::received(received, isa13))
}

pub fn group(received: &Envelope) -> Result<GroupAddress, Error> {
    let gs06 = number(received.gs(6));
    Ok(GroupAddress::received(received, gs06))
}

fn number(text: &str) -> ControlNumber {
    let number = text.parse().ok().and_then(ControlNumber::new);
    number.unwrap_or(ControlNumber::FIRST)
}
