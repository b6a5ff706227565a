//! The command `x12conv`.

use std::io::{BufWriter, stdin, stdout};

use x12_parser::{AcknowledgmentOptions, Options, Per, Shape, Ta1Policy};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().collect();
    let verb = args[1].as_str();
    let input: Box<dyn std::io::Read + Send> = match args.get(2).map(String::as_str) {
        None | Some("-") => Box::new(stdin()),
        Some(path) => Box::new(std::fs::File::open(path)?),
    };
    let mut options = Options::default();
    options.threads = args.get(3).map_or(1, |n| n.parse().unwrap_or(1));
    if let Ok(bytes) = std::env::var("BLOCK") {
        options.block_bytes = bytes.parse()?;
    }
    let out = BufWriter::new(stdout());
    match verb {
        "json" => x12_parser::to_json(input, out, Shape::Loops, Per::Document, &options)?,
        "set" => x12_parser::to_json(input, out, Shape::Loops, Per::Set, &options)?,
        "segments" => x12_parser::to_json(input, out, Shape::Segments, Per::Document, &options)?,
        "validate" => {
            let summary = x12_parser::validate(input, &options, |finding| {
                eprintln!("{}[{}] byte {} segment {} {} {}", finding.severity.name(), finding.code.name(), finding.offset, finding.segment, finding.path(), finding.position.as_ref().map_or("", |p| p.loop_path()));
                Ok(())
            })?;
            eprintln!("{summary:?}");
        }
        "ack" => {
            let how = AcknowledgmentOptions {
                date: "20261123".into(), time: "1200".into(), interchange_control_number: 1, group_control_number: 1,
                ta1: Ta1Policy::Always, list_accepted: true };
            x12_parser::acknowledge(input, out, &how, &options, |decision| eprintln!("{decision:?}"))?;
        }
        _ => {}
    }
    Ok(())
}
