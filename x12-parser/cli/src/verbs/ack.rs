//! `x12conv ack`: the answer to X12, TA1, 997 and 999, 277CA to claims, and 824.

use std::io::Read;
use std::path::Path;

use serde::Serialize;
use x12_parser::{
    AcceptedRecords, AcknowledgmentOptions, AdviceOptions, AdvisedSets, AnswerAddress, AnswerSet,
    ApplicationAdvice, ClaimAcknowledgmentOptions, ClaimAcknowledgments, ClaimSource,
    CountingNumbers, Decided, Decision, GroupDecision, GroupPolicy, Rejects, Ta1Policy,
    acknowledge, acknowledge_claims, advise,
};

use crate::arguments::{Accepted, AckArguments, Advised, Groups, OutputArguments, Rejected, Ta1};
use crate::clock;
use crate::codes;
use crate::documents::Document;
use crate::input::{Input, harmless};
use crate::outcome::{Failure, Outcome};
use crate::output::Output;
use crate::progress::Progress;
use crate::report::failure;
use crate::session::Session;
use crate::spool::Spool;
use crate::talk::{Talk, count};
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
    let mut answers = Answers::new(arguments);
    let paths = [&arguments.claims, &arguments.advice];
    let mut further = match paths.map(|path| open(path.as_deref(), arguments)) {
        [Ok(claims), Ok(advice)] => Further { claims, advice },
        [Err(failure), _] | [_, Err(failure)] => {
            failure::tell_output(&mut session, &failure);
            return Outcome::CouldNot;
        }
    };
    let outcome = session.each(&inputs, output, |session, document, output| {
        match further.is_asked() {
            false => answers.acknowledge(session, document.input, document.reader, output),
            true => answers.further(session, document, output, &mut further),
        }
    });
    let Further { claims, advice } = further;
    let outputs = [claims, advice].into_iter().flatten();
    outputs.fold(outcome, |all, output| {
        match output.finish(outcome).map_err(Failure::from) {
            Ok(()) => all,
            Err(failure) => all.max(failure::tell_output(&mut session, &failure)),
        }
    })
}

/// Where further answers go, if they are asked for.
struct Further {
    claims: Option<Output>,
    advice: Option<Output>,
}

impl Further {
    fn is_asked(&self) -> bool {
        self.claims.is_some() || self.advice.is_some()
    }
}

/// The file of further answers.
fn open(path: Option<&Path>, arguments: &AckArguments) -> Result<Option<Output>, Failure> {
    let Some(path) = path else { return Ok(None) };
    let output = OutputArguments {
        output: Some(path.to_owned()),
        force: arguments.output.force,
    };
    Ok(Some(Output::open(&output)?))
}

/// The answers to documents; control numbers count on through all of them, also behind one that broke off.
struct Answers {
    how: AcknowledgmentOptions,
    claims: ClaimAcknowledgmentOptions,
    advice: AdviceOptions,
    /// The verdicts, for further answers.
    verdicts: AcceptedRecords,
}

impl Answers {
    fn new(arguments: &AckArguments) -> Self {
        let how = options(arguments);
        let mut claims = ClaimAcknowledgmentOptions::new(&*how.date, &*how.time, how.numbers);
        claims.list_accepted = how.list_accepted;
        if arguments.clearinghouse {
            claims.source = ClaimSource::Clearinghouse;
        }
        claims.address.clone_from(&how.address);
        if let Some(received) = &arguments.received {
            claims.received.clone_from(received);
        }
        let mut advice = AdviceOptions::new(&*how.date, &*how.time, how.numbers);
        advice.address.clone_from(&how.address);
        advice.sets = match arguments.advised {
            Advised::Untold => AdvisedSets::Untold,
            Advised::Accepted => AdvisedSets::Accepted,
            Advised::All => AdvisedSets::All,
        };
        advice.claims_answered = arguments.claims.is_some();
        Self {
            how,
            claims,
            advice,
            verdicts: AcceptedRecords::default(),
        }
    }

    fn acknowledge(
        &mut self,
        session: &mut Session,
        input: &Input,
        reader: impl Read + Send,
        output: &mut Output,
    ) -> Result<Outcome, Failure> {
        let Session { talk, options, .. } = session;
        let (mut groups, mut accepted) = (Vec::new(), true);
        let Self { how, verdicts, .. } = self;
        *verdicts = AcceptedRecords::default();
        let decided = |decided: Decided| {
            verdicts.note(&decided);
            match decided {
                Decided::Group(group) => groups.push(group),
                Decided::Interchange(decision) => {
                    // A group that nothing answers is not spoken of.
                    groups.retain(|group| group.code.is_some() && !decision.rejected);
                    accepted &= is_accepted(&decision, &groups);
                    tell(talk, input, &decision, &groups);
                    groups.clear();
                }
                _ => {}
            }
            Ok(())
        };
        acknowledge(reader, output, how, options, decided)?;
        Ok(Outcome::of(accepted))
    }

    /// As [`Self::acknowledge`], then with 277CAs and 824s in outputs of their own.
    fn further(
        &mut self,
        session: &mut Session,
        document: Document<'_>,
        output: &mut Output,
        further: &mut Further,
    ) -> Result<Outcome, Failure> {
        let input = document.input;
        let progress = session.talk.progress.clone();
        let spool = Spool::new(document)?;
        let mut outcome = self.acknowledge(session, input, spool.read(&progress)?, output)?;
        let Self {
            how,
            claims,
            advice,
            verdicts,
        } = self;
        let Session { talk, options, .. } = session;
        if let Some(output) = &mut further.claims {
            claims.numbers = how.numbers;
            let reader = spool.read(&Progress::none())?;
            let told = acknowledge_claims(reader, output, verdicts, claims, options)?;
            how.numbers = claims.numbers;
            tell_claims(talk, input, &told);
            outcome = outcome.max(Outcome::of(told.rejected.records == 0));
        }
        if let Some(output) = &mut further.advice {
            advice.numbers = how.numbers;
            let reader = spool.read(&Progress::none())?;
            let told = advise(reader, output, verdicts, advice, options)?;
            how.numbers = advice.numbers;
            tell_advice(talk, input, &told);
            outcome = outcome.max(Outcome::of(told.errors == 0 && told.rejected_sets == 0));
        }
        Ok(outcome)
    }
}

fn options(arguments: &AckArguments) -> AcknowledgmentOptions {
    let (date, time) = clock::now();
    let mut how = AcknowledgmentOptions::new(
        arguments.date.clone().unwrap_or(date),
        arguments.time.clone().unwrap_or(time),
        CountingNumbers::from_first(arguments.control_number),
    );
    how.address = AnswerAddress {
        sender: arguments.sender.clone(),
        receiver: arguments.receiver.clone(),
        group_sender: arguments.group_sender.clone(),
        group_receiver: arguments.group_receiver.clone(),
    };
    how.ta1 = match arguments.ta1 {
        Ta1::WhenAsked => Ta1Policy::WhenAsked,
        Ta1::Always => Ta1Policy::Always,
    };
    how.ta1_severities = arguments.ta1_severity.iter().copied().collect();
    how.list_accepted = arguments.accepted == Accepted::List;
    how.groups = match arguments.groups {
        Groups::Always => GroupPolicy::Always,
        Groups::WhenFaulty => GroupPolicy::WhenFaulty,
        Groups::Never => GroupPolicy::Never,
    };
    how.rejects = match arguments.rejects {
        Rejected::Sets => Rejects::Sets,
        Rejected::Claims => Rejects::Claims,
        Rejected::Records => Rejects::Records,
    };
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
    let words = sentence(input, decision, groups);
    talk.tell(&line(input, decision, groups), &words);
}

/// What 277CAs tell of claims, as programs get it.
#[derive(Serialize)]
struct ClaimsLine {
    kind: &'static str,
    file: String,
    sets: u64,
    received: u64,
    rejected: u64,
}

fn tell_claims(talk: &mut Talk, input: &Input, told: &ClaimAcknowledgments) {
    if told.sets == 0 {
        return;
    }
    let line = ClaimsLine {
        kind: "claims",
        file: input.name(),
        sets: told.sets,
        received: told.received.records,
        rejected: told.rejected.records,
    };
    let (claims, rejected) = (count(line.received, "claim"), line.rejected);
    let words = format!("{}: {claims} answered, {rejected} rejected", line.file);
    talk.tell(&line, &words);
}

/// What 824s tell, as programs get it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AdviceLine {
    kind: &'static str,
    file: String,
    sets: u64,
    rejected_sets: u64,
    rejected_records: u64,
    errors: u64,
    omitted: u64,
}

fn tell_advice(talk: &mut Talk, input: &Input, told: &ApplicationAdvice) {
    if told.sets == 0 {
        return;
    }
    let line = AdviceLine {
        kind: "advice",
        file: input.name(),
        sets: told.sets,
        rejected_sets: told.rejected_sets,
        rejected_records: told.rejected_records,
        errors: told.errors,
        omitted: told.omitted,
    };
    let (sets, errors) = (
        count(told.sets, "transaction set"),
        count(told.errors, "error"),
    );
    let words = format!("{}: advice on {sets}, {errors}", line.file);
    talk.tell(&line, &words);
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
