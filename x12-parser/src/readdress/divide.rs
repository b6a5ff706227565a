//! Copies record by record: asks what becomes of each, writes those that go on, and ends sets and documents between them.

use crate::control_number::ControlNumber;
use crate::error::Error;
use crate::finding::Finding;
use crate::role_index::Standing;

use super::addresses::{Addresses, Fate, Parts};
use super::control::Control;
use super::copier::{Copier, Set};
use super::division::Division;

/// Bytes of the trailers at most, without what follows their terminators: two numbers of twenty digits in each of three.
const TRAILERS: usize = 3 * 48;

impl<P: Parts, A: Addresses> Copier<'_, P, A> {
    /// A loop opens, at this byte.
    pub(super) fn open_loop(&mut self, loop_index: u16, at: u64) -> Result<(), Error> {
        let Some(set) = &mut self.set else {
            return Ok(());
        };
        let Some(follow) = &mut set.follow else {
            return Ok(());
        };
        let standing = follow.open(loop_index);
        if standing == Standing::Record {
            set.records += 1;
        }
        let Some(division) = &mut set.division else {
            return Ok(());
        };
        match standing {
            Standing::Record => {
                let fate = self.addresses.record(&self.envelope, set.records)?;
                division.open_record(fate, at);
            }
            Standing::Level => division.open_level(),
            Standing::Line | Standing::Plain => {}
        }
        Ok(())
    }

    /// The open loop closes.
    pub(super) fn close_loop(&mut self) -> Result<(), Error> {
        let delimiters = self.delimiters();
        let Some(set) = &mut self.set else {
            return Ok(());
        };
        let closed = set.follow.as_mut().map(|follow| follow.close());
        match (closed, &mut set.division) {
            (Some(Standing::Record), _) => self.close_record(),
            (Some(Standing::Level), Some(division)) => {
                division.close_level(&delimiters, &mut self.output);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn close_record(&mut self) -> Result<(), Error> {
        let Some(mut set) = self.set.take() else {
            return Ok(());
        };
        let charge = set.follow.as_ref().and_then(|follow| follow.charge());
        let is_kept = match set.division.take() {
            Some(mut division) => {
                let fate = division.fate();
                if fate == Fate::LeftOut {
                    division.drop_record();
                } else {
                    self.keep_record(&mut set, &mut division, fate)?;
                }
                set.division = Some(division);
                fate != Fate::LeftOut
            }
            None => set.number.is_some(),
        };
        match is_kept {
            true => self.counts.kept.add(charge),
            false => self.counts.left_out.add(charge),
        }
        self.set = Some(set);
        Ok(())
    }

    fn keep_record(
        &mut self,
        set: &mut Set,
        division: &mut Division,
        fate: Fate,
    ) -> Result<(), Error> {
        if fate == Fate::KeptInNewSet {
            self.end_part(set, division);
        }
        if let Some(begin) = self.document {
            let bytes = self.output.bytes() - begin + self.bytes_at_most(set, division);
            if !self.parts.fits(bytes)? {
                self.end_part(set, division);
                self.end_document();
            }
        }
        let delimiters = self.delimiters();
        if set.number.is_none() {
            let received = division.received()?;
            let reference = self.addresses.reference(&self.envelope, &received)?;
            division.refer(&reference, &delimiters)?;
            self.begin_set(set)?;
        }
        division.write(&delimiters, &mut self.output)
    }

    /// The most bytes that the open record takes with all that is to be written around it.
    fn bytes_at_most(&self, set: &Set, division: &Division) -> u64 {
        let suffix = self
            .interchange
            .as_ref()
            .map_or(0, |open| open.suffix.len());
        let mut around = TRAILERS + 3 * suffix;
        let unwritten = |header: &Control, number: Option<ControlNumber>| match number {
            Some(_) => 0,
            // The values that are given may be longer than those received.
            None => header.len() + 64,
        };
        if let Some(open) = &self.interchange {
            around += unwritten(&open.header, open.number);
        }
        if let Some(open) = &self.group {
            around += unwritten(&open.header, open.number);
        }
        if let (Some(header), None) = (&set.header, &set.number) {
            around += unwritten(header, None);
        }
        around as u64 + division.bytes_at_most()
    }

    /// Ends the open part of a transaction set: a record that follows begins another.
    fn end_part(&mut self, set: &mut Set, division: &mut Division) {
        if set.number.is_none() {
            return;
        }
        let trailer = self.missing("SE");
        division.end_part(&self.delimiters(), &mut self.output);
        let segments = self.output.segments + 1;
        self.write_set_trailer(set, segments, trailer);
        set.number = None;
    }

    /// Ends the document before this place, if another is to begin here.
    pub(super) fn part_documents(&mut self) -> Result<(), Error> {
        let bytes = self.output.bytes() - self.document.unwrap_or(self.output.bytes());
        if self.parts.begins(&self.envelope, bytes)? && self.document.is_some() {
            self.end_document();
        }
        Ok(())
    }

    /// Ends the document between transaction sets: what follows in the open group and interchange stands in others.
    fn end_document(&mut self) {
        let trailer = self.missing("GE");
        self.end_group(trailer);
        if let Some(group) = &mut self.group {
            (group.number, group.sets) = (None, 0);
        }
        if self.interchange.as_ref().is_some_and(|open| !open.closed) {
            let trailer = self.missing("IEA");
            self.end_interchange(trailer);
        }
        if let Some(interchange) = &mut self.interchange {
            (interchange.number, interchange.groups) = (None, 0);
        }
        self.document = None;
    }

    /// Refuses to go on in a transaction set that is divided, if it is uncertain what belongs to which record.
    pub(super) fn finding(&mut self, finding: &Finding) -> Result<(), Error> {
        let Some(set) = &self.set else {
            return Ok(());
        };
        let doubts = set
            .follow
            .as_ref()
            .is_some_and(|follow| follow.doubts(finding));
        if doubts && set.division.is_some() {
            return Err(Error::Undivided {
                what: finding.code.message(),
                at: finding.offset,
            });
        }
        Ok(())
    }
}
