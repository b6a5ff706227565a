//! A verdict on each claim: what the 999 and the 277CA say of it, and whether it goes on.

use serde_json::Value;

use crate::house::{House, How, PLAIN, sample};

const TEN: &str = "005010X223A2/broken/every-second-of-ten-claims.edi";

/// A house whose partner wants to be answered so.
fn answering(policy: &str) -> House {
    House::new(&format!("{PLAIN}\n[acknowledge]\n{policy}"))
}

/// A house whose partner sends ten claims, of which the even ones are bad, under this policy.
fn ran(policy: &str) -> House {
    let house = answering(policy);
    house.receive("ten.edi", &sample(TEN, 7));
    assert!(house.run(&How::default()).success());
    house
}

/// What the partner finds whose name begins so; one file at most.
fn found(house: &House, begin: &str) -> String {
    let mut sent = house.sent();
    sent.retain(|(name, _)| name.starts_with(begin));
    assert!(sent.len() < 2, "{sent:?}");
    sent.pop().map(|(_, text)| text).unwrap_or_default()
}

/// The claim numbers in a body, and those of the lines of JSON that the backend finds.
fn forwarded(house: &House) -> (Vec<String>, bool) {
    let text = house.texts("backend/received/acme").concat();
    let lines = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("it is JSON"));
    let sets: Vec<Value> = lines.filter(|line: &Value| line["set"] == "837").collect();
    let mut claims = Vec::new();
    sets.iter().for_each(|set| find(set, &mut claims));
    (claims, sets.iter().any(|set| set["divided"] == true))
}

fn find(value: &Value, claims: &mut Vec<String>) {
    if value["seg"] == "CLM" {
        claims.push(value["01"].as_str().expect("it is text").to_owned());
    }
    let nested = value["body"].as_array().into_iter().flatten();
    nested.for_each(|inner| find(inner, claims));
}

#[test]
fn of_ten_claims_the_even_ones_are_rejected_and_the_others_go_on() {
    let house = ran("rejects = \"claims\"\nclaims = \"as-clearinghouse\"");
    assert!(found(&house, "acknowledgment-").contains("IK5*E*5~"));
    let claims = found(&house, "claims-");
    for told in ["NM1*AY*", "QTY*90*5~", "QTY*AA*5~", "AMT*YU*450~"] {
        assert!(claims.contains(told), "{told} is not in {claims}");
    }
    assert_eq!(
        claims.matches("*U*").count() - claims.matches("**U~").count(),
        5
    );
    let (forwarded, is_divided) = forwarded(&house);
    let odd = [1, 3, 5, 7, 9].map(|number| format!("EX-TEN-{number}"));
    assert_eq!(forwarded, odd);
    assert!(is_divided);
    let trace = house.print(&["trace", &house.arrivals()[0].id]);
    let told = "277CA: 5 of 10 claims rejected, the others sent on as DIVIDED000000001";
    assert!(trace.contains(told), "{told} is not in {trace}");
    let text = house.texts("backend/received/acme").concat();
    assert!(
        text.contains("\"03\":\"DIVIDED000000001\""),
        "the set has its old reference"
    );
}

#[test]
fn what_rejects_sets_forwards_nothing_of_them() {
    let house = ran("claims = \"as-payer\"");
    assert!(found(&house, "acknowledgment-").contains("IK5*R*5~"));
    assert_eq!(found(&house, "claims-"), "");
    assert_eq!(forwarded(&house), (Vec::new(), false));
}

#[test]
fn a_type_of_check_that_is_off_rejects_nothing() {
    let profile = format!("{PLAIN}\n[check]\nsnip = \"7\"\n[acknowledge]\nclaims = \"as-payer\"");
    let house = House::new(&profile);
    house.receive("ten.edi", &sample(TEN, 8));
    assert!(house.run(&How::default()).success());
    assert!(found(&house, "acknowledgment-").contains("IK5*A~"));
    assert_eq!(forwarded(&house).0.len(), 10);
}

#[test]
fn an_overlay_of_the_partner_rejects_what_it_forbids() {
    let profile = format!(
        "{PLAIN}\n[check]\noverlays = [\"overlays/acme.kdl\"]\n[acknowledge]\nrejects = \"claims\"\nclaims = \"as-payer\""
    );
    let house = House::new(&profile);
    let overlay = r#"overlay "acme-837p" of="005010X222A1" {
    source "made up"
    codes "2300/CLM05-1" "22"
}
"#;
    house.write("overlays/acme.kdl", overlay.as_bytes());
    house.receive("one.edi", &sample("005010X222A1/one-claim.edi", 9));
    assert!(house.run(&How::default()).success());
    assert!(found(&house, "acknowledgment-").contains("IK5*E*5~"));
    assert!(found(&house, "claims-").contains("QTY*AA*1~"));
    assert_eq!(forwarded(&house), (Vec::new(), false));
}

/// A claim whose number is longer than an element may be: nothing behind it can be read.
fn endless(number: u32) -> Vec<u8> {
    let text = String::from_utf8(sample("005010X222A1/one-claim.edi", number)).expect("it is text");
    let endless = text.replace("CLM*", &format!("CLM*{}", "A".repeat(70_000)));
    endless.into_bytes()
}

#[test]
fn of_what_breaks_off_the_interchanges_before_go_on() {
    let policy = "rejects = \"claims\"\nclaims = \"as-payer\"";
    let house = answering(policy);
    house.receive("two.edi", &[sample(TEN, 10), endless(11)].concat());
    assert!(house.run(&How::default()).success());
    assert_eq!(house.arrivals()[0].state, "delivered");
    let answers = found(&house, "acknowledgment-");
    assert!(answers.contains("*R*024~"), "{answers}");
    assert!(answers.contains("IK5*E*5~"), "{answers}");
    let claims = found(&house, "claims-");
    assert!(claims.contains("QTY*90*5~"), "{claims}");
    let (forwarded, is_divided) = forwarded(&house);
    assert_eq!((forwarded.len(), is_divided), (5, true));
}

#[test]
fn of_what_breaks_off_at_once_nothing_goes_on() {
    let house = answering("claims = \"as-payer\"");
    house.receive("one.edi", &endless(12));
    assert!(house.run(&How::default()).success());
    assert_eq!(house.arrivals()[0].state, "delivered");
    assert!(found(&house, "acknowledgment-").contains("*R*024~"));
    assert_eq!(found(&house, "claims-"), "");
    assert_eq!(forwarded(&house), (Vec::new(), false));
}

/// The faulty interchange, in which a segment stands outside any transaction set, stands before the one that is divided.
#[test]
fn what_is_rejected_whole_does_not_hold_up_what_is_divided() {
    let policy = "rejects = \"claims\"\nclaims = \"as-payer\"";
    let house = answering(policy);
    let stray = String::from_utf8(sample("005010X222A1/one-claim.edi", 13)).expect("it is text");
    let stray = stray.replace("GE*", "ZZZ*1~\nGE*");
    house.receive("two.edi", &[stray.into_bytes(), sample(TEN, 14)].concat());
    assert!(house.run(&How::default()).success());
    assert_eq!(house.arrivals()[0].state, "delivered");
    assert!(found(&house, "claims-").contains("QTY*90*5~"));
    assert!(forwarded(&house).1);
}

/// A family of two, of whom the second has a maintenance type that there is none of.
fn family(number: u32) -> Vec<u8> {
    let text =
        String::from_utf8(sample("005010X220A1/family-enrolled.edi", number)).expect("it is text");
    let (first, second) = text.rsplit_once("INS*").expect("there are two members");
    format!("{first}INS*{}", second.replacen("*021*", "*999*", 1)).into_bytes()
}

/// The members of the sets that the backend finds.
fn members(house: &House) -> usize {
    let text = house.texts("backend/received/acme").concat();
    text.matches("\"seg\":\"INS\"").count()
}

#[test]
fn of_a_family_the_faulty_member_is_rejected_and_an_824_says_so() {
    let policy = "rejects = \"records\"\nadvice = \"untold\"";
    let house = answering(policy);
    house.receive("family.edi", &family(15));
    assert!(house.run(&How::default()).success());
    assert!(found(&house, "acknowledgment-").contains("IK5*E*5~"));
    let advice = found(&house, "advice-");
    assert_eq!(advice.matches("OTI*IR*").count(), 1, "{advice}");
    assert_eq!(members(&house), 1);
    let trace = house.print(&["trace", &house.arrivals()[0].id]);
    let told = "824: 1 of 2 members rejected, the others sent on as DIVIDED000000001";
    assert!(trace.contains(told), "{told} is not in {trace}");
}

#[test]
fn members_of_whom_no_answer_can_tell_are_rejected_with_their_set() {
    let policy = "rejects = \"claims\"\nclaims = \"as-payer\"";
    let house = answering(policy);
    house.receive("family.edi", &family(16));
    assert!(house.run(&How::default()).success());
    assert!(found(&house, "acknowledgment-").contains("IK5*R*5~"));
    assert_eq!(members(&house), 0);
}

/// The claims are told by 277CA, and by no 824 again.
#[test]
fn nothing_is_told_twice() {
    let policy = "rejects = \"records\"\nclaims = \"as-payer\"\nadvice = \"untold\"";
    let house = ran(policy);
    assert!(found(&house, "claims-").contains("QTY*AA*5~"));
    assert_eq!(found(&house, "advice-"), "");
    assert_eq!(forwarded(&house).0.len(), 5);
}

#[test]
fn groups_are_answered_when_the_policy_says_so() {
    let house = ran("groups = \"never\"");
    assert_eq!(found(&house, ""), "");
    let trace = house.print(&["trace", &house.arrivals()[0].id]);
    assert!(
        trace.contains("no answer: its groups are to have no answer"),
        "{trace}"
    );
}
