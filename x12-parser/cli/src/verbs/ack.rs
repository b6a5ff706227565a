//! `x12conv ack`: the answer to X12, TA1, 997 and 999.

use serde::Serialize;
use x12_parser::{
    AcknowledgmentOptions, AnswerSet, CountingNumbers, Decided, Decision, GroupDecision, Ta1Policy,
    acknowledge,
};

use crate::arguments::{Accepted, AckArguments, Ta1};
use crate::clock;
use crate::codes;
use crate::input::{Input, harmless};
use crate::outcome::{Failure, Outcome};
use crate::session::Session;
use crate::talk::Talk;
use crate::verbs::doors;

/// Answers each document.
pub fn run(arguments: &AckArguments, mut session: Session) -> Outcome {
    session.read_as(&arguments.read);
    if !codes::load(&mut session, &arguments.guides) {
        return Outcome::CouldNot;
    }
    let Some((inputs, output)) =
        doors(&mut session, &arguments.read.input.files, &arguments.output)
    else {
        return Outcome::CouldNot;
    };
    let mut how = options(arguments);
    session.each(&inputs, output, |session, document, output| {
        let Session { talk, options, .. } = session;
        let (mut groups, mut accepted) = (Vec::new(), true);
        let decided = |decided: Decided| {
            match decided {
                Decided::Group(group) => groups.push(group),
                Decided::Interchange(decision) => {
                    // A group that nothing answers is not spoken of.
                    groups.retain(|group| group.code.is_some() && !decision.rejected);
                    accepted &= is_accepted(&decision, &groups);
                    tell(talk, document.input, &decision, &groups);
                    groups.clear();
                }
                _ => {}
            }
            Ok(())
        };
        // Numbers count on through all documents, also behind one that broke off.
        acknowledge(document.reader, output, &mut how, options, decided).map_err(Failure::from)?;
        Ok(Outcome::of(accepted))
    })
}

fn options(arguments: &AckArguments) -> AcknowledgmentOptions {
    let (date, time) = clock::now();
    let mut how = AcknowledgmentOptions::new(
        arguments.date.clone().unwrap_or(date),
        arguments.time.clone().unwrap_or(time),
        CountingNumbers::from_first(arguments.control_number),
    );
    how.ta1 = match arguments.ta1 {
        Ta1::WhenAsked => Ta1Policy::WhenAsked,
        Ta1::Always => Ta1Policy::Always,
    };
    how.list_accepted = arguments.accepted == Accepted::List;
    how
}

fn is_accepted(decision: &Decision, groups: &[GroupDecision]) -> bool {
    decision.ta1.is_none_or(|(code, _)| code == "A")
        && groups.iter().all(|group| group.code == Some("A"))
}

/// A decision as programs get it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    kind: &'a str,
    file: String,
    interchange: u32,
    isa13: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ta104: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ta105: Option<&'a str>,
    groups: Vec<GroupLine<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    suppressed: Option<&'a str>,
}

#[derive(Serialize)]
struct GroupLine<'a> {
    gs06: &'a str,
    answer: &'a str,
    ak901: &'a str,
    received: u64,
    accepted: u64,
}

fn tell(talk: &mut Talk, input: &Input, decision: &Decision, groups: &[GroupDecision]) {
    if talk.is_quiet() {
        return;
    }
    if talk.is_json() {
        talk.say_json(&line(input, decision, groups));
    } else {
        talk.remark(&sentence(input, decision, groups));
    }
}

fn line<'a>(input: &Input, decision: &'a Decision, groups: &'a [GroupDecision]) -> Line<'a> {
    let group = |group: &'a GroupDecision| GroupLine {
        gs06: &group.gs06,
        answer: group.answer.map_or("", AnswerSet::code),
        ak901: group.code.unwrap_or_default(),
        received: group.received,
        accepted: group.accepted,
    };
    Line {
        kind: "decision",
        file: input.name(),
        interchange: decision.interchange,
        isa13: &decision.isa13,
        ta104: decision.ta1.map(|(code, _)| code),
        ta105: decision.ta1.map(|(_, note)| note),
        groups: groups.iter().map(group).collect(),
        suppressed: decision.suppressed,
    }
}

fn sentence(input: &Input, decision: &Decision, groups: &[GroupDecision]) -> String {
    let mut text = format!(
        "{}: interchange {}:",
        input.name(),
        harmless(decision.isa13.trim())
    );
    if let Some((code, note)) = decision.ta1 {
        text += &format!(" TA1 {code} {note};");
    }
    for group in groups {
        text += &format!(
            " group {} {}, {} of {} accepted;",
            harmless(&group.gs06),
            group.code.unwrap_or_default(),
            group.accepted,
            group.received
        );
    }
    if let Some(reason) = decision.suppressed {
        text += &format!(" not answered: {reason};");
    }
    text.trim_end_matches([';', ':']).to_owned()
}
