//! Documents in queues: our own systems submit them and find what came of them, and a broker of the partner's has them for us.

use lapin::BasicProperties;
use serde_json::Value;

use super::Broker;
use crate::answers::answer;
use crate::house::{House, How, sample};
use crate::ways::json;

/// A house beside a broker, in which our own systems and the partner have queues of its name.
fn house(broker: &Broker) -> House {
    let house = broker.house();
    let name = house.name();
    house.configure(&format!(
        "[brokers.main]\nurl_file = \"keys/broker.url\"\n[backend]\nfolder = \"amqp://main/{name}\""
    ));
    let profile = house.text("partners/acme.toml");
    let profile = format!("{profile}[folder]\nin = \"amqp://main/{name}.from-acme\"\n");
    house.write("partners/acme.toml", profile.as_bytes());
    house
}

/// Runs until everything has arrived that is to.
fn run(house: &House, arrivals: usize) {
    let child = house.begin(&["run"], &How::default());
    house.wait_for("taken in", arrivals);
    child.stop();
    assert!(house.run(&How::default()).success());
}

fn submission(house: &House) -> String {
    format!("{}.submit.acme", house.name())
}

fn asking(id: &str, reply_to: &str) -> BasicProperties {
    BasicProperties::default()
        .with_message_id(id.into())
        .with_correlation_id(format!("{id}, asked").into())
        .with_reply_to(reply_to.into())
}

/// What was told, and to which question.
fn receipt(broker: &Broker, queue: &str) -> (String, Value) {
    let message = broker.take_message(queue).expect("something was told");
    let which = message.properties.correlation_id();
    let which = which.as_ref().expect("it says to what").to_string();
    let told = serde_json::from_slice(&message.data).expect("it is JSON");
    (which, told)
}

#[test]
fn a_submission_is_acknowledged_and_its_answer_comes_back() {
    let broker = Broker::take();
    let house = house(&broker);
    let (submit, replies) = (submission(&house), format!("{}-replies", house.name()));
    broker.make_queue(&replies);
    // So the queue is there, and it is ours to declare.
    assert!(house.run(&How::default()).success());
    let payment = json("005010X221A1/one-payment.json");
    // A name that would be hidden in a folder.
    for id in [".one", ".one"] {
        broker.submit(("", &submit), &payment, asking(id, &replies));
    }
    run(&house, 1);
    let [first, again] = [(); 2].map(|()| receipt(&broker, &replies));
    let arrivals = house.arrivals();
    assert_eq!(arrivals.len(), 1, "the same message twice is one arrival");
    let id = arrivals[0].id.as_str();
    assert_eq!((&*first.0, &*again.0), (".one, asked", ".one, asked"));
    assert_eq!(first.1["arrival"], id);
    assert_eq!(again.1["arrival"], id);
    let sent = house.sent();
    assert_eq!(sent.len(), 1, "it goes out once");
    let told = answer(&sent[0].1, 501);
    let from_partner = format!("{}.from-acme", house.name());
    broker.publish("", &from_partner, &told);
    run(&house, 2);
    let responses = format!("{}.responses.acme", house.name());
    let response = broker.take_message(&responses).expect("the answer came");
    assert_eq!(
        response
            .properties
            .content_type()
            .as_ref()
            .map(|of| of.as_str()),
        Some("application/x-ndjson")
    );
    let lines = String::from_utf8(response.data).expect("it is JSON");
    let lines: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("it is JSON"))
        .collect();
    assert!(!lines.is_empty());
    assert!(
        lines.iter().all(|line| line["submission"] == id),
        "{lines:?}"
    );
}

#[test]
fn documents_of_a_partners_broker_are_answered_and_go_on() {
    let broker = Broker::take();
    let house = house(&broker);
    let name = house.name();
    assert!(house.run(&How::default()).success());
    let from_partner = format!("{name}.from-acme");
    let (good, broken) = (
        sample("005010X222A1/one-claim.edi", 1),
        b"ISA*00*what is this",
    );
    broker.publish("", &from_partner, &good);
    broker.publish("", &from_partner, broken);
    run(&house, 2);
    let arrivals = house.arrivals();
    let mut states: Vec<_> = arrivals.iter().map(|arrival| &*arrival.state).collect();
    states.sort_unstable();
    assert_eq!(states, ["delivered", "quarantined"]);
    let received = broker.take_message(&format!("{name}.received.acme"));
    let received = String::from_utf8(received.expect("it goes on").data).expect("it is JSON");
    assert!(received.contains("\"837\""), "{received}");
    assert_eq!(house.answers().len(), 1);
}

#[test]
fn a_message_that_is_too_large_is_laid_aside_and_told_of() {
    let broker = Broker::take();
    let house = house(&broker);
    let (submit, replies) = (submission(&house), format!("{}-replies", house.name()));
    broker.make_queue(&replies);
    assert!(house.run(&How::default()).success());
    let large = vec![b' '; (16 << 20) + 1];
    broker.submit(("", &submit), &large, asking("large", &replies));
    let child = house.begin(&["run"], &How::default());
    house.wait_for("laid aside", 1);
    std::thread::sleep(std::time::Duration::from_millis(500));
    child.stop();
    let (which, told) = receipt(&broker, &replies);
    assert_eq!(
        (&*which, &told["refused"]),
        ("large, asked", &"message-too-large".into())
    );
    let aside = broker.take_message(&format!("{submit}.refused"));
    assert_eq!(aside.expect("it is kept").data.len(), large.len());
    assert!(house.arrivals().is_empty());
}
