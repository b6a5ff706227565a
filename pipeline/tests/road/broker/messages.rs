//! What stands in the broker: references, and what is no message of ours.

use std::time::Duration;

use super::Broker;
use crate::checker::{Input, check};
use crate::house::{House, How, ends};

fn claim() -> Input {
    Input::received("claim.edi", "005010X222A1/one-claim.edi", 1, 1)
}

fn queue(house: &House, key: &str) -> String {
    format!("{}.{key}", house.name())
}

#[test]
fn what_is_no_message_of_ours_is_set_aside() {
    let broker = Broker::take();
    let house = broker.house();
    assert!(house.run(&How::default()).success());
    let junk: [&[u8]; 3] = [b"hello", b"{\"job\": 5}", &[0xff; 4096]];
    for body in junk {
        broker.publish(&queue(&house, "jobs"), "translate", body);
    }
    let input = claim();
    input.leave(&house);
    assert!(house.run(&How::default()).success());
    check(&house, &[input], "beside messages of others");
    let mut found: Vec<_> =
        std::iter::from_fn(|| broker.get(&queue(&house, "unreadable"))).collect();
    found.sort();
    let mut expected = junk.map(<[u8]>::to_vec);
    expected.sort();
    let bodies: Vec<_> = found.into_iter().map(|(body, _)| body).collect();
    assert_eq!(bodies, expected);
}

#[test]
fn a_message_names_its_job_and_its_trace_and_nothing_else() {
    let broker = Broker::take();
    let house = broker.house();
    assert!(house.run(&How::default()).success());
    claim().leave(&house);
    // It dies before it takes the message that it has published.
    let dies = How {
        failpoint: Some("job-taken 1 kill".to_owned()),
        ..How::default()
    };
    let child = house.begin(&["run"], &dies);
    ends(child);
    std::thread::sleep(Duration::from_millis(500));
    let (body, headers) = broker
        .get(&queue(&house, "translate"))
        .expect("a message waits");
    let arrival = &house.arrivals()[0].id;
    let body = String::from_utf8(body).expect("it is JSON");
    let job = body
        .strip_prefix("{\"job\":\"")
        .and_then(|rest| rest.strip_suffix("\"}"));
    assert_eq!(job.map(str::len), Some(36), "{body}");
    for expected in ["x12.job.decrypt", arrival, &arrival.replace('-', "")] {
        assert!(headers.contains(expected), "{expected} is not in {headers}");
    }
    for value in ["26463774", "claim.edi", "MADEUP"] {
        assert!(
            !body.contains(value) && !headers.contains(value),
            "{value} is in the broker"
        );
    }
}

#[test]
fn what_a_house_made_goes_with_it() {
    let broker = Broker::take();
    let house = broker.house();
    assert!(house.run(&How::default()).success());
    let name = house.name();
    let left = |kind: &str| {
        let listed = broker.ctl(&["--silent", kind, "name"]);
        listed.matches(&format!("{name}.")).count()
    };
    assert_eq!([left("list_queues"), left("list_exchanges")], [13, 6]);
    drop(house);
    assert_eq!([left("list_queues"), left("list_exchanges")], [0, 0]);
}
