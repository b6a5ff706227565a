//! X12 to JSON, or a submission to X12.
use crate::doors::Doors;
use crate::failure::Result;
use crate::job::{Direction, Job, Language, Outcome};
use crate::object::ObjectId;
pub fn translate(_: &Job, _: &Doors, _: &ObjectId, _: (Language, Direction)) -> Result<Outcome> { unreachable!() }
