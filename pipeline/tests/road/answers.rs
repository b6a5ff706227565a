//! A partner's answers, correlated with what was sent: by the partner's own acknowledgment, made of what it found.

use x12_parser::{
    AcceptedRecords, AcknowledgmentOptions, AdviceOptions, AdvisedSets, ClaimAcknowledgmentOptions,
    ControlNumber, CountingNumbers, Options, Rejects, Ta1Policy, acknowledge, acknowledge_claims,
    advise,
};

use crate::house::{House, How, sample};
use crate::partner::{PARTNER, encrypted};
use crate::ways::json;

/// What the partner's own pipeline would answer.
pub fn answer(document: &str, first: u32) -> Vec<u8> {
    let numbers = CountingNumbers::from_first(ControlNumber::new(first).expect("it is one"));
    let mut how = AcknowledgmentOptions::new("20261126", "1200", numbers);
    how.ta1 = Ta1Policy::Always;
    let mut answer = Vec::new();
    let read = acknowledge(
        document.as_bytes(),
        &mut answer,
        &mut how,
        &Options::default(),
        |_| Ok(()),
    );
    read.expect("what we sent can be read");
    answer
}

/// What it would answer further: a 277CA to the claims, an 824 to each set.
pub fn further(document: &str, first: u32) -> [Vec<u8>; 2] {
    let numbers = CountingNumbers::from_first(ControlNumber::new(first).expect("it is one"));
    let mut how = AcknowledgmentOptions::new("20261126", "1200", numbers);
    how.rejects = Rejects::Records;
    let (document, options) = (document.as_bytes(), Options::default());
    let (mut answer, mut verdicts) = (Vec::new(), AcceptedRecords::default());
    let read = acknowledge(document, &mut answer, &mut how, &options, |decided| {
        verdicts.note(&decided);
        Ok(())
    });
    read.expect("what we sent can be read");
    let mut claims = ClaimAcknowledgmentOptions::new("20261126", "1200", how.numbers);
    let mut claim_answer = Vec::new();
    let told = acknowledge_claims(
        document,
        &mut claim_answer,
        &verdicts,
        &mut claims,
        &options,
    );
    told.expect("what we sent can be read");
    let mut advice = AdviceOptions::new("20261126", "1200", claims.numbers);
    advice.sets = AdvisedSets::All;
    let mut advised = Vec::new();
    let told = advise(document, &mut advised, &verdicts, &mut advice, &options);
    told.expect("what we sent can be read");
    [claim_answer, advised]
}

/// Submits, takes what is sent, and gives it with the submission's id.
fn submitted(house: &House) -> (String, String) {
    house.submit("payment.json", &json("005010X221A1/one-payment.json"));
    assert!(house.run(&How::default()).success());
    let (_, sent) = house.sent().pop().expect("it was sent");
    (house.arrivals()[0].id.clone(), sent)
}

fn trace(house: &House, id: &str) -> Vec<String> {
    let trace = house.json(&["trace", "--json", id]);
    let units = trace["units"].as_array().expect("it has parts").iter();
    units
        .map(|unit| {
            let text = |key: &str| unit[key].as_str().unwrap_or_default().to_owned();
            format!("{} {}: {}", text("kind"), text("state"), text("answer"))
        })
        .collect()
}

#[test]
fn an_acceptance_is_recorded_of_interchange_group_and_set() {
    let house = encrypted("");
    let (id, sent) = submitted(&house);
    assert_eq!(
        trace(&house, &id),
        ["interchange sent: ", "group sent: ", "set sent: "]
    );
    house.receive("answer.pgp", &PARTNER.seal(&answer(&sent, 77)));
    assert!(house.run(&How::default()).success());
    let accepted = [
        "interchange accepted: TA1 A 000",
        "group accepted: AK9 A",
        "set accepted: IK5 A",
    ];
    assert_eq!(trace(&house, &id), accepted);
    let response = house.texts("backend/responses/acme").join("");
    let told = response.lines().filter(|line| line.contains(&id)).count();
    assert_eq!((response.lines().count(), told), (3, 3), "{response}");
    // An acknowledgment is not acknowledged.
    assert_eq!(house.sent().len(), 1);
}

#[test]
fn a_rejection_names_its_places() {
    let house = encrypted("");
    let (id, sent) = submitted(&house);
    // The partner's guide is another: it does not know the claim's status code.
    let changed = sent.replacen("CLP*", "CLX*", 1);
    assert_ne!(changed, sent, "the sample has a claim payment");
    house.receive("answer.pgp", &PARTNER.seal(&answer(&changed, 78)));
    assert!(house.run(&How::default()).success());
    let rejected = [
        "interchange accepted: TA1 A 000",
        "group rejected: AK9 R",
        "set rejected: IK5 R",
    ];
    assert_eq!(trace(&house, &id), rejected);
    let response = house.texts("backend/responses/acme").join("");
    assert!(
        response.contains("\"of\":\"segment\"") && response.contains(&id),
        "{response}"
    );
}

#[test]
fn an_answer_to_nothing_says_so() {
    let house = encrypted("");
    let (id, sent) = submitted(&house);
    let isa13 = sent.get(90..99).expect("it begins with ISA");
    let other = sent.replace(isa13, "000004711").replace("GS*HP*", "GS*HC*");
    house.receive("answer.pgp", &PARTNER.seal(&answer(&other, 79)));
    assert!(house.run(&How::default()).success());
    assert_eq!(
        trace(&house, &id),
        ["interchange sent: ", "group sent: ", "set sent: "]
    );
    let response = house.texts("backend/responses/acme").join("");
    assert!(
        !response.contains(&id) && response.contains("\"submission\":null"),
        "{response}"
    );
}

#[test]
fn a_277ca_and_an_824_are_of_the_set_that_they_speak_of() {
    let house = encrypted("");
    house.submit("claims.json", &json("005010X222A1/two-claims.json"));
    assert!(house.run(&How::default()).success());
    let (_, sent) = house.sent().pop().expect("it was sent");
    let id = house.arrivals()[0].id.clone();
    // The partner's rules are others: it takes no claim of this place of service.
    let (first, second) = sent.rsplit_once("CLM*").expect("there are two claims");
    let changed = format!("{first}CLM*{}", second.replacen("11:B:1", "1Z:B:1", 1));
    assert_ne!(changed, sent);
    let [claims, advice] = further(&changed, 80);
    house.receive("claims.pgp", &PARTNER.seal(&claims));
    assert!(house.run(&How::default()).success());
    let set = trace(&house, &id).pop().expect("there is a set");
    assert_eq!(set, "set sent: 277CA: 1 of 2 claims rejected");
    let response = house.texts("backend/responses/acme").join("");
    let of_claims: Vec<_> = response
        .lines()
        .filter(|line| line.contains("\"of\":\"claim\""))
        .collect();
    assert_eq!(of_claims.len(), 2, "{response}");
    assert!(
        of_claims.iter().all(|line| line.contains(&id)),
        "{response}"
    );
    let rejected = "\"rejected\":true";
    assert_eq!(
        of_claims
            .iter()
            .filter(|line| line.contains(rejected))
            .count(),
        1
    );
    assert!(
        response.contains("{\"of\":\"claim\",\"number\":\"26463775\"}"),
        "{response}"
    );
    house.receive("advice.pgp", &PARTNER.seal(&advice));
    assert!(house.run(&How::default()).success());
    let set = trace(&house, &id).pop().expect("there is a set");
    assert_eq!(set, "set sent: 824 TE");
    let response = house.texts("backend/responses/acme").join("");
    let advised = response
        .lines()
        .filter(|line| line.contains("\"of\":\"advice\""));
    assert!(advised.clone().all(|line| line.contains(&id)), "{response}");
    assert_eq!(advised.count(), 2, "{response}");
}

#[test]
fn a_277ca_to_nothing_says_so() {
    let house = encrypted("");
    let claims = String::from_utf8(sample("005010X222A1/two-claims.edi", 1)).expect("it is text");
    let [claims, _] = further(&claims, 81);
    let claims = String::from_utf8(claims).expect("it is text");
    // Our own answer goes from us to the partner: it comes from the partner here.
    let turned = claims
        .replace("MADEUPRECEIVER ", "MADEUP?")
        .replace("MADEUPSENDER   ", "MADEUPRECEIVER ")
        .replace("MADEUP?", "MADEUPSENDER   ")
        .replace("*RECEIVER*MADEUP*", "*MADEUP*RECEIVER*");
    house.receive("claims.pgp", &PARTNER.seal(turned.as_bytes()));
    assert!(house.run(&How::default()).success());
    let response = house.texts("backend/responses/acme").join("");
    let of_claims = response
        .lines()
        .filter(|line| line.contains("\"of\":\"claim\""));
    assert_eq!(of_claims.count(), 2, "{response}");
    assert!(!response.contains("\"submission\":\""), "{response}");
}

#[test]
fn groups_of_both_versions_are_answered_in_their_own_words() {
    let house = encrypted("");
    let received = sample("envelope/groups-of-two-versions.edi", 1);
    house.receive("both.pgp", &PARTNER.seal(&received));
    assert!(house.run(&How::default()).success());
    let id = house.arrivals()[0].id.clone();
    let interchange = trace(&house, &id).swap_remove(0);
    assert_eq!(interchange, "interchange accepted: 999 A 1/1, 997 A 1/1");
    let (_, answer) = house.sent().pop().expect("it was answered");
    let headers: Vec<_> = answer
        .lines()
        .filter(|line| line.starts_with("GS*FA*"))
        .map(|line| line.split('*').skip(6).collect::<Vec<_>>().join("*"))
        .collect();
    assert_eq!(headers, ["1*X*004010~", "2*X*005010X231A1~"]);
}
