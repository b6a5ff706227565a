//! Sending an arrival once more: linked to the first, once however often it is asked for.

use crate::house::{House, How, PLAIN, sample};
use crate::ways::profile;

#[test]
fn what_was_quarantined_goes_its_way_once_the_profile_is_right() {
    let house = House::new(&PLAIN.replace("MADEUPSENDER", "SOMEBODYELSE"));
    house.receive("claims.edi", &sample("005010X222A1/one-claim.edi", 1));
    assert!(house.run(&How::default()).success());
    let [first] = &house.arrivals()[..] else {
        panic!("one file came")
    };
    assert_eq!(
        (&*first.state, &*first.reason),
        ("quarantined", "sender-not-bound")
    );
    assert!(house.print(&["dead-letters"]).contains("sender-not-bound"));
    house.partner("acme", &profile());
    let begun = house.print(&["replay", &first.id]);
    assert!(begun.contains("is sent again as"), "{begun}");
    // Asked twice, it is the same.
    let again = house.print(&["replay", &first.id]);
    assert!(again.contains("on its way already"), "{again}");
    assert!(house.run(&How::default()).success());
    let arrivals = house.arrivals();
    let replays: Vec<_> = arrivals
        .iter()
        .filter(|arrival| !arrival.replay_of.is_empty())
        .collect();
    let [replay] = replays[..] else {
        panic!("one replay: {arrivals:#?}")
    };
    assert_eq!(
        (&replay.replay_of, &*replay.state),
        (&first.id, "delivered")
    );
    assert_eq!(house.texts("backend/received/acme").len(), 1);
    // The first stays as it was, and says of itself what it is.
    assert_eq!(
        house
            .arrivals()
            .iter()
            .filter(|arrival| arrival.state == "quarantined")
            .count(),
        1
    );
}

#[test]
fn a_replay_is_no_duplicate_of_itself() {
    let house = House::new(&profile());
    house.receive("claims.edi", &sample("005010X222A1/one-claim.edi", 1));
    assert!(house.run(&How::default()).success());
    let id = house.arrivals()[0].id.clone();
    house.print(&["replay", &id]);
    assert!(house.run(&How::default()).success());
    let documents = house.texts("backend/received/acme");
    assert_eq!(
        (documents.len(), &documents[0]),
        (2, &documents[1]),
        "forwarded once more, the same"
    );
    assert!(
        house
            .answers()
            .iter()
            .all(|(_, answer)| answer.contains("*A*000~"))
    );
}
