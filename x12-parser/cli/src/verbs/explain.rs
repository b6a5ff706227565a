//! `x12conv explain`: what a guide says, or what a finding means.

use std::fmt::Write as _;
use std::sync::Arc;

use x12_parser::Code;
use x12_schemas::Catalog;
use x12_schemas::table::{Guide, SituationRule};

use crate::arguments::ExplainArguments;
use crate::codes;
use crate::input::harmless;
use crate::outcome::Outcome;
use crate::outline::{self, Choice, Place};
use crate::report::failure;
use crate::session::Session;
use crate::verbs::print;
use crate::verbs::synth::guide;

/// Prints what is asked for.
pub fn run(arguments: &ExplainArguments, mut session: Session) -> Outcome {
    if !codes::load(&mut session, &arguments.guides) {
        return Outcome::CouldNot;
    }
    let text = match explained(arguments, &session.options.catalog) {
        Ok(text) => text,
        Err(message) => {
            failure::plain(&mut session.talk, "explain", None, &message);
            return Outcome::CouldNot;
        }
    };
    print(&mut session, &arguments.output, &text)
}

fn explained(arguments: &ExplainArguments, catalog: &Catalog) -> Result<String, String> {
    let Some(what) = &arguments.what else {
        return Ok(all(catalog));
    };
    let asked = what.to_ascii_lowercase();
    if let Some(code) = Code::ALL.iter().find(|code| code.name() == asked) {
        return Ok(finding(*code));
    }
    let found = guide(catalog, what);
    if found.is_err() && arguments.place.is_none() {
        let told = rules_called(catalog, &asked);
        if !told.is_empty() {
            return Ok(told);
        }
    }
    of_guide(arguments, &found?)
}

/// All guides, a line each.
fn all(catalog: &Catalog) -> String {
    let mut text = String::new();
    for entry in catalog.entries() {
        let reference = format!("{}/{}", entry.id, entry.set);
        let _ = writeln!(text, "{reference:<18} {:<6} {}", entry.name, entry.label);
    }
    text
}

fn of_guide(arguments: &ExplainArguments, guide: &Arc<Guide>) -> Result<String, String> {
    let none = |place: &str| {
        format!(
            "the guide {} has no {}; places are written as findings name them: 2300, 2300/CLM, 2300/CLM05, 2300/REF[G1]",
            guide.id,
            harmless(place)
        )
    };
    let place = match &arguments.place {
        Some(text) => Some(Place::read(text, guide).ok_or_else(|| none(text))?),
        None => None,
    };
    let choice = Choice {
        place,
        elements: arguments.elements,
    };
    let lines = outline::outline(guide, &choice);
    if let (Some(place), true) = (&arguments.place, lines.is_empty()) {
        return Err(none(place));
    }
    if arguments.rules {
        let rules = outline::rules(guide, choice.place.as_ref());
        return Ok(rules.iter().map(|rule| of_rule(guide, rule)).collect());
    }
    let mut text = String::new();
    if choice.place.is_none() {
        let Guide {
            id,
            name,
            label,
            set,
            group,
            ..
        } = &**guide;
        let _ = writeln!(
            text,
            "{id} ({name}) {label}: transaction set {set} in groups {group}\n"
        );
    }
    Ok(text + &lines)
}

/// What a finding that is built in means, and what follows from it.
fn finding(code: Code) -> String {
    let codes = code.acknowledgment();
    let told = [
        ("TA1", "TA105", codes.ta105),
        ("999", "AK905", codes.ak905),
        ("999", "IK502", codes.ik502),
        ("999", "IK304", codes.ik304),
        ("999", "IK403", codes.ik403),
    ];
    let severity = code.severity().name();
    let mut text = format!(
        "{}: {}\n  {severity}, SNIP type {}\n",
        code.name(),
        code.message(),
        code.snip()
    );
    for (answer, element, value) in told {
        if !value.is_empty() {
            let _ = writeln!(text, "  {answer}: {element} {value}");
        }
    }
    text
}

/// Rules of a name, in all guides that have one.
fn rules_called(catalog: &Catalog, id: &str) -> String {
    let mut text = String::new();
    for entry in catalog.entries() {
        let Some(guide) = catalog.guide_of_set(entry.id, entry.set) else {
            continue;
        };
        if let Some(rule) = guide.rules.iter().find(|rule| rule.id == id) {
            text += &of_rule(&guide, rule);
        }
    }
    text
}

fn of_rule(guide: &Guide, rule: &SituationRule) -> String {
    let grade = rule.grade.name();
    let mut text = format!(
        "{} ({}): {}\n  {grade}, SNIP type {}\n",
        rule.id, guide.name, rule.message, rule.snip
    );
    let told = [
        ("999: IK304", &rule.ik304),
        ("999: IK403", &rule.ik403),
        ("277CA: STC01", &rule.stc),
        ("source:", &rule.source),
    ];
    for (what, value) in told {
        if !value.is_empty() {
            let _ = writeln!(text, "  {what} {value}");
        }
    }
    text
}
