//! `x12conv info`: who sends what to whom, and how much of it.

use std::io::{self, Write};

use serde::Serialize;
use x12_parser::{Code, Delimiters, Incomplete, SetKind, Survey, survey};

use crate::arguments::InfoArguments;
use crate::input::harmless;
use crate::outcome::Outcome;
use crate::session::Session;
use crate::talk::count;
use crate::verbs::{doors, said};

/// Surveys each document.
pub fn run(arguments: &InfoArguments, mut session: Session) -> Outcome {
    session.read_as(&arguments.read);
    let Some((inputs, output)) =
        doors(&mut session, &arguments.read.input.files, &arguments.output)
    else {
        return Outcome::CouldNot;
    };
    session.each(&inputs, output, |session, document, output| {
        if arguments.acknowledgments {
            return said::tell(arguments, session, document, output);
        }
        let file = document.input.name();
        let mut told = 0;
        survey(document.reader, &session.options, |survey| {
            told += 1;
            let interchange = Interchange::new(&file, survey);
            Ok(if arguments.json {
                json(output, &interchange)
            } else {
                table(output, &interchange)
            }?)
        })?;
        Ok(Outcome::Yes)
    })
}

/// An interchange as it is shown.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Interchange<'a> {
    file: &'a str,
    offset: u64,
    sender: Party<'a>,
    receiver: Party<'a>,
    date: &'a str,
    time: &'a str,
    version: &'a str,
    control_number: &'a str,
    usage: &'a str,
    delimiters: Separators,
    segments: u64,
    groups: u64,
    sets: Vec<Set<'a>>,
    incomplete: Vec<Lacking<'a>>,
    #[serde(skip_serializing_if = "is_zero")]
    incomplete_omitted: u64,
}

#[derive(Serialize)]
struct Party<'a> {
    qualifier: &'a str,
    id: &'a str,
}

#[derive(Serialize)]
struct Separators {
    element: String,
    component: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    repetition: Option<String>,
    segment: String,
    suffix: String,
}

/// Transaction sets of one kind.
#[derive(Serialize)]
struct Set<'a> {
    set: &'a str,
    group: &'a str,
    version: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    guide: Option<&'a str>,
    count: u64,
    segments: u64,
}

/// A part that has no end.
#[derive(Serialize)]
struct Lacking<'a> {
    /// `interchange`, `group`, `set` or `segment`.
    part: &'static str,
    /// The trailer that it lacks; a segment lacks its terminator.
    #[serde(skip_serializing_if = "str::is_empty")]
    trailer: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<Numbered<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    set: Option<Numbered<'a>>,
    offset: u64,
}

/// Which one it is.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Numbered<'a> {
    ordinal: u32,
    #[serde(skip_serializing_if = "str::is_empty")]
    control_number: &'a str,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl<'a> Interchange<'a> {
    fn new(file: &'a str, survey: &'a Survey) -> Self {
        let isa = |number: usize| {
            survey
                .isa
                .get(number - 1)
                .map_or("", |value| value.trim_end())
        };
        Self {
            file,
            offset: survey.offset,
            sender: Party {
                qualifier: isa(5),
                id: isa(6),
            },
            receiver: Party {
                qualifier: isa(7),
                id: isa(8),
            },
            date: isa(9),
            time: isa(10),
            version: isa(12),
            control_number: isa(13),
            usage: isa(15),
            delimiters: Separators::new(&survey.delimiters, &survey.suffix),
            segments: survey.segments,
            groups: survey.groups,
            sets: survey.sets.iter().map(Set::new).collect(),
            incomplete: survey.incomplete.iter().map(Lacking::new).collect(),
            incomplete_omitted: survey.incomplete_omitted,
        }
    }
}

impl Separators {
    fn new(delimiters: &Delimiters, suffix: &[u8]) -> Self {
        // A delimiter is one code point U+0000 to U+00FF for its byte.
        let text = |byte: u8| char::from(byte).to_string();
        Self {
            element: text(delimiters.element),
            component: text(delimiters.component),
            repetition: delimiters.repetition.map(text),
            segment: text(delimiters.segment),
            suffix: suffix.iter().copied().map(char::from).collect(),
        }
    }
}

impl<'a> Set<'a> {
    fn new(kind: &'a SetKind) -> Self {
        Self {
            set: &kind.st01,
            group: &kind.gs01,
            version: &kind.gs08,
            guide: kind.guide.as_deref(),
            count: kind.count,
            segments: kind.segments,
        }
    }
}

impl<'a> Lacking<'a> {
    fn new(part: &'a Incomplete) -> Self {
        let numbered = |ordinal, control_number| {
            (ordinal > 0).then_some(Numbered {
                ordinal,
                control_number,
            })
        };
        let group = numbered(part.group, &*part.identity.group);
        let set = numbered(part.set, &*part.identity.set);
        let (part_name, trailer, group, set) = match part.code {
            Code::SetTrailerMissing => ("set", "SE", group, set),
            Code::GroupTrailerMissing => ("group", "GE", group, None),
            Code::InterchangeTrailerMissing => ("interchange", "IEA", None, None),
            _ => ("segment", "", None, None),
        };
        Self {
            part: part_name,
            trailer,
            group,
            set,
            offset: part.offset,
        }
    }

    /// What is missing, in words.
    fn words(&self) -> String {
        let name = |what: &str, numbered: &Option<Numbered<'_>>| {
            let Some(Numbered {
                ordinal,
                control_number,
            }) = numbered
            else {
                return what.to_owned();
            };
            match *control_number {
                "" => format!("{what} {ordinal}"),
                number => format!("{what} {ordinal} ({})", harmless(number)),
            }
        };
        let (group, trailer) = (name("group", &self.group), self.trailer);
        match self.part {
            "set" => format!(
                "{} of {group} has no trailer ({trailer})",
                name("transaction set", &self.set)
            ),
            "group" => format!("{group} has no trailer ({trailer})"),
            "interchange" => format!("the interchange has no trailer ({trailer})"),
            _ => format!(
                "the document ends inside the segment at byte {}",
                self.offset
            ),
        }
    }
}

fn json(to: &mut impl Write, interchange: &Interchange<'_>) -> io::Result<()> {
    serde_json::to_writer(&mut *to, interchange)?;
    to.write_all(b"\n")
}

fn table(to: &mut impl Write, interchange: &Interchange<'_>) -> io::Result<()> {
    let Interchange {
        file,
        offset,
        sender,
        receiver,
        date,
        time,
        version,
        control_number,
        usage,
        delimiters,
        ..
    } = interchange;
    let control_number = harmless(control_number);
    writeln!(to, "{file}: interchange {control_number} at byte {offset}")?;
    writeln!(to, "  from        {}", party(sender))?;
    writeln!(to, "  to          {}", party(receiver))?;
    writeln!(
        to,
        "  written     {} {}, version {}, {}",
        harmless(date),
        harmless(time),
        harmless(version),
        purpose(usage)
    )?;
    writeln!(to, "  delimiters  {}", separators(delimiters))?;
    writeln!(
        to,
        "  holds       {}, {}",
        count(interchange.segments, "segment"),
        count(interchange.groups, "group")
    )?;
    kinds(to, &interchange.sets)?;
    incomplete(to, interchange)
}

fn kinds(to: &mut impl Write, kinds: &[Set<'_>]) -> io::Result<()> {
    for Set {
        set,
        group,
        version,
        guide,
        count: sets,
        segments,
    } in kinds
    {
        let (set, group, version) = (harmless(set), harmless(group), harmless(version));
        let guide = guide.map_or("no guide: not checked".to_owned(), |guide| {
            format!("guide {guide}")
        });
        let (sets, segments) = (count(*sets, "set"), count(*segments, "segment"));
        writeln!(
            to,
            "    {set:<4} {group:<3} {version:<13} {sets:>12} {segments:>18}   {guide}"
        )?;
    }
    Ok(())
}

fn incomplete(to: &mut impl Write, interchange: &Interchange<'_>) -> io::Result<()> {
    let mut label = "incomplete";
    for part in &interchange.incomplete {
        writeln!(to, "  {label:<10}  {}", part.words())?;
        label = "";
    }
    match interchange.incomplete_omitted {
        0 => Ok(()),
        more => writeln!(to, "  {label:<10}  and {more} more"),
    }
}

fn party(party: &Party<'_>) -> String {
    format!("{} {}", harmless(party.qualifier), harmless(party.id))
}

fn purpose(usage: &str) -> String {
    match usage {
        "P" => "production".to_owned(),
        "T" => "test".to_owned(),
        other => format!("usage {}", harmless(other)),
    }
}

fn separators(delimiters: &Separators) -> String {
    let Separators {
        element,
        component,
        repetition,
        segment,
        suffix,
    } = delimiters;
    let repetition = repetition
        .as_ref()
        .map_or("none".to_owned(), |separator| harmless(separator));
    let suffix = if suffix.is_empty() {
        "nothing".to_owned()
    } else {
        harmless(suffix)
    };
    let [element, component, segment] =
        [element, component, segment].map(|separator| harmless(separator));
    format!(
        "element {element}  component {component}  repetition {repetition}  segment {segment}  then {suffix}"
    )
}
