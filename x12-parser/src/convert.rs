//! X12 to JSON, from end to end.

use std::io::{Read, Write};

use x12_schemas::table::Record;

use crate::block::Blocks;
use crate::error::Error;
use crate::json::buffer::Buffer;
use crate::json::named::gather::Gatherer;
use crate::json::named::stage::{Named, Pieces as NamedPieces};
use crate::json::records::{Pieces, Records};
use crate::json::render::{Per, Render, Shape};
use crate::json::stitch::Stitcher;
use crate::options::Options;
use crate::parallel;
use crate::place::Extent;

/// Converts all of an X12 document to JSON, exactly: [`crate::to_x12`] gives the same bytes back, unless lines are made of records
/// ([`Per::Claim`], [`Per::Member`], [`Per::Subscriber`]).
///
/// Memory does not grow with the document. What could be read before an error has been written.
///
/// # Errors
/// [`Error`] if the document cannot be read at all, or not any further, or if writing fails; [`Error::Limit`] also where lines are made
/// of records and one of them, or what stands around it, is larger than [`crate::Limits`] allow.
///
/// # Examples
/// ```
/// # fn main() -> Result<(), x12_parser::Error> {
/// let document = b"ISA*00*          *00*          *ZZ*MADEUPSENDER   *ZZ*MADEUPRECEIVER *261123*1200*^*00501*000000001*0*T*:~\
/// GS*HP*A*B*20261123*1200*1*X*005010X221A1~ST*835*0001~SE*2*0001~GE*1*1~IEA*1*000000001~";
/// let mut json = Vec::new();
/// x12_parser::to_json(&document[..], &mut json, x12_parser::Shape::Loops, x12_parser::Per::Document, &Default::default())?;
/// assert!(json.starts_with(b"{\"x12\":\"1\",\"interchanges\":[{"));
/// # Ok(())
/// # }
/// ```
pub fn to_json<R, W>(
    document: R,
    mut json: W,
    shape: Shape,
    per: Per,
    options: &Options,
) -> Result<(), Error>
where
    R: Read + Send,
    W: Write + Send,
{
    if let Some(record) = per.record() {
        return to_records(document, json, record, options);
    }
    if shape == Shape::Named {
        return to_named(document, json, per, options);
    }
    let extent = match shape {
        Shape::Loops => Extent::Loops,
        _ => Extent::Envelopes,
    };
    let blocks = Blocks::new(options.charts(), options.limits, extent);
    let render = Render { shape, per };
    let mut join = |output: &mut Buffer| Ok(json.write_all(output.as_slice())?);
    parallel::run(document, options, blocks, &render, &mut join)?;
    json.flush()?;
    Ok(())
}

fn to_named<R, W>(document: R, json: W, per: Per, options: &Options) -> Result<(), Error>
where
    R: Read + Send,
    W: Write + Send,
{
    let blocks = Blocks::new(options.charts(), options.limits, Extent::Loops);
    let mut gatherer = Gatherer::new(json, per == Per::Set, options.limits);
    let mut join = |pieces: &mut NamedPieces| gatherer.join(pieces);
    parallel::run(document, options, blocks, &Named, &mut join)?;
    gatherer.finish()
}

fn to_records<R, W>(document: R, json: W, record: Record, options: &Options) -> Result<(), Error>
where
    R: Read + Send,
    W: Write + Send,
{
    let blocks = Blocks::new(
        options.charts(),
        options.limits,
        Extent::Rules(options.snip),
    );
    let records = Records::new(record);
    let mut stitcher = Stitcher::new(json, record, options.limits);
    let mut join = |pieces: &mut Pieces| stitcher.join(pieces);
    parallel::run(document, options, blocks, &records, &mut join)?;
    stitcher.finish()
}
