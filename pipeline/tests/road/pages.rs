//! The pages of a process: whether it lives, whether it is ready, what it measures, and nothing of a document.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;

use crate::checker::Input;
use crate::house::{House, How, Running, ends};
use crate::ways::profile;

/// A running house whose pages are shown, and where.
fn shown(house: &House) -> (Running, String) {
    shown_as(house, &How::default())
}

/// The same, run as it is said.
pub fn shown_as(house: &House, how: &How<'_>) -> (Running, String) {
    house.configure("[web]\nlisten = \"127.0.0.1:0\"");
    let child = house.begin(&["run"], how);
    house.wait_for("pages: http://", 1);
    house.wait_for("running", 1);
    let log = house.text_of_log();
    let (_, at) = log.split_once("pages: http://").expect("it says where");
    let (at, _) = at.split_once('/').expect("it says what");
    (child, at.to_owned())
}

/// What a page says: its status and its text.
pub fn page(at: &str, name: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(at).expect("somebody listens");
    write!(
        stream,
        "GET {name} HTTP/1.1\r\nHost: {at}\r\nConnection: close\r\n\r\n"
    )
    .expect("it reads");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("it writes text");
    let status = text.split(' ').nth(1).and_then(|code| code.parse().ok());
    let (_, body) = text.split_once("\r\n\r\n").expect("it has a body");
    (status.expect("it has a status"), body.to_owned())
}

/// What `x12-pipeline ready` says: its exit code and its text.
fn asked(house: &House) -> (i32, String) {
    let asked = house.command(&["ready"], &How::default()).output();
    let asked = asked.expect("it begins");
    let text = String::from_utf8(asked.stdout).expect("it writes text");
    (asked.status.code().expect("it ends"), text)
}

fn wait_until(at: &str, name: &str, is_so: impl Fn(&str) -> bool) -> String {
    for _ in 0..600 {
        let (_, text) = page(at, name);
        if is_so(&text) {
            return text;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    panic!("{name} never says so: {}", page(at, name).1);
}

#[test]
fn what_was_done_and_found_is_counted() {
    let house = House::new(&profile());
    let (child, at) = shown(&house);
    assert_eq!(page(&at, "/livez"), (200, "alive\n".to_owned()));
    let ready = wait_until(&at, "/readyz", |text| !text.contains("unavailable"));
    assert_eq!(ready, "ledger: ready\nqueue: ready\nstore: ready\n");
    let inputs = [
        ("good.edi", "005010X222A1/one-claim.edi", 1),
        (
            "bad.edi",
            "005010X222A1/broken/faults-in-one-of-two-sets.edi",
            2,
        ),
        ("again.edi", "005010X222A1/one-claim.edi", 1),
    ];
    for (file, sample, isa13) in inputs {
        Input::received(file, sample, isa13, 1).leave(&house);
    }
    house.submit(
        "payment.json",
        &crate::ways::json("005010X221A1/one-payment.json"),
    );
    let text = wait_until(&at, "/metrics", |text| {
        let all = "x12_files_taken_in_total{partner=\"acme\",direction=\"inbound\"} 3\n";
        text.contains(all) && text.contains("groups_unanswered{") && !text.contains("jobs_waiting{")
    });
    let expected = [
        "x12_files_taken_in_total{partner=\"acme\",direction=\"outbound\"} 1\n",
        "x12_jobs_total{step=\"acknowledge\",end=\"done\"} 3\n",
        "x12_step_seconds_count{step=\"translate\"} 4\n",
        "x12_wrong_total{what=\"interchange\",code=\"025\"} 1\n",
        "x12_wrong_total{what=\"set\",code=\"E\"} 1\n",
        "x12_wrong_total{what=\"group\",code=\"E\"} 1\n",
        "x12_wrong_total{what=\"finding\",code=\"",
        "x12_groups_unanswered{partner=\"acme\"} 1\n",
        "x12_groups_unanswered_oldest_seconds{partner=\"acme\"} ",
        "x12_ledger_up 1\n",
        "# EOF\n",
    ];
    for line in expected {
        assert!(text.contains(line), "{line} is not in {text}");
    }
    for value in ["26463774", "good.edi", "MADEUPSENDER", "payment"] {
        assert!(!text.contains(value), "{value} is on a page");
    }
    assert_eq!(page(&at, "/other").0, 404);
    child.stop();
}

#[test]
fn who_cannot_reach_a_door_is_not_ready() {
    let house = House::beside(crate::servers::Servers::default(), &profile());
    let (child, at) = shown(&house);
    wait_until(&at, "/readyz", |text| text.contains("store: ready"));
    house.configure(&format!("[web]\nlisten = \"{at}\""));
    assert_eq!(
        asked(&house),
        (0, "ledger: ready\nqueue: ready\nstore: ready\n".to_owned())
    );
    let (store, aside) = (house.home.join("store"), house.home.join("aside"));
    fs::rename(&store, &aside).expect("it is ours");
    fs::write(&store, "no folder").expect("it is ours");
    assert_eq!(page(&at, "/readyz").0, 503);
    let (code, text) = asked(&house);
    assert!(
        code == 1 && text.contains("store: store-unavailable\n"),
        "{text}"
    );
    assert!(
        page(&at, "/readyz")
            .1
            .contains("store: store-unavailable\n")
    );
    assert_eq!(page(&at, "/livez").0, 200);
    fs::remove_file(&store).expect("it is ours");
    fs::rename(&aside, &store).expect("it is ours");
    wait_until(&at, "/readyz", |text| text.contains("store: ready"));
    child.stop();
    assert_eq!(asked(&house), (1, String::new()), "nobody answers");
    house.configure("[web]\nlisten = \"127.0.0.1:0\"");
    assert_eq!(asked(&house), (1, String::new()), "nobody knows where");
}

#[test]
fn an_address_that_is_taken_is_told() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("there are ports");
    let at = taken.local_addr().expect("it has one");
    let house = House::beside(crate::servers::Servers::default(), &profile());
    house.configure(&format!("[web]\nlisten = \"{at}\""));
    let ended = ends(house.begin(&["run"], &How::default()));
    assert_eq!(ended.code(), Some(2));
    assert!(house.text_of_log().contains("web-address"));
}
