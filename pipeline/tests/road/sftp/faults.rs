//! SFTP servers that are cut off, full or read-only while files come and go (reliability §7, F15): a file is there whole or not at all, and
//! under one name.

use std::fs;
use std::net::SocketAddr;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::files::house_at;
use super::{Denies, Server};
use crate::counts::F15;
use crate::house::{House, How, sample};
use crate::proxy::{Mode, Proxy};
use crate::ways::json;

/// Files that come, and files that go, in each round of cuts.
const FILES: u32 = 2;

/// Longer than a connection needs to be cut.
const PAUSE: &str = "delivery-written 1 pause 2000";

/// A server, a proxy in front of it, and a house behind that, which never gives up.
fn cut() -> (Server, Proxy, House) {
    let server = Server::start("ed25519");
    let proxy = Proxy::to(SocketAddr::from(([127, 0, 0, 1], server.port)));
    let house = house_at(proxy.address().port(), &server, &server.host_key());
    house.configure("[retry]\nattempts = 1000");
    (server, proxy, house)
}

/// Names of the files that anybody takes, each of which must be whole.
fn whole(server: &Server) -> Vec<String> {
    let mut names = server.names("out");
    names.retain(|name| !name.starts_with('.'));
    for name in &names {
        let text = fs::read_to_string(server.path("out").join(name)).expect("it is text");
        let is_whole = text.starts_with("ISA*") && text.trim_end().ends_with('~');
        assert!(
            is_whole && text.contains("IEA*"),
            "{name} is a part of a file"
        );
    }
    names
}

fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        // A request alone may take a minute.
        assert!(begun.elapsed() < Duration::from_secs(150), "never {what}");
        sleep(Duration::from_millis(20));
    }
}

/// Lets a run go on until nothing is left.
fn finish(house: &House, child: crate::house::Running) {
    child.stop();
    assert!(house.run(&How::default()).success());
}

/// Before the request to rename reaches the server, or before its answer reaches us.
#[test]
fn cut_off_before_and_behind_a_rename_it_leaves_one_file() {
    let cuts = F15.times() / 2;
    for number in 0..cuts {
        let is_behind = number % 2 > 0;
        let (server, proxy, house) = cut();
        house.submit("payment.json", &json("005010X221A1/one-payment.json"));
        let how = How {
            failpoint: Some(PAUSE.to_owned()),
            ..How::default()
        };
        let child = house.begin(&["run"], &how);
        wait_until("written", || !server.names("out").is_empty());
        // The file is closed and its size compared.
        sleep(Duration::from_millis(500));
        if is_behind {
            proxy.set(Mode::Deaf);
            wait_until("renamed", || !whole(&server).is_empty());
        }
        proxy.set(Mode::Reset);
        house.wait_for("sftp-unavailable", 1);
        proxy.set(Mode::Pass);
        finish(&house, child);
        assert_eq!(whole(&server).len(), 1, "behind: {is_behind}");
    }
    say!(
        "{} times cut off before and behind a rename: one whole file",
        cuts
    );
}

#[test]
fn cut_off_at_any_moment_it_leaves_whole_files() {
    let (server, proxy, house) = cut();
    let rounds = F15.times() / 2;
    let child = house.begin(&["run"], &How::default());
    house.wait_for("running", 1);
    for round in 0..rounds {
        for number in round * FILES..(round + 1) * FILES {
            let claims = sample("005010X222A1/one-claim.edi", number + 1);
            let file = format!("in/{number}.edi");
            fs::write(server.path(&file), claims).expect("it is ours");
            let payment = json("005010X221A1/one-payment.json");
            house.submit(&format!("{number}.json"), &payment);
        }
        sleep(Duration::from_millis(100 + 90 * u64::from(round % 10)));
        proxy.set(Mode::Reset);
        sleep(Duration::from_millis(100));
        whole(&server);
        proxy.set(Mode::Pass);
        let files = 2 * (round + 1) * FILES;
        wait_until("all delivered", || {
            let arrivals = house.arrivals();
            let delivered = arrivals.iter().filter(|one| one.state == "delivered");
            delivered.count() == files as usize
        });
    }
    let files = (rounds * FILES) as usize;
    finish(&house, child);
    let out = whole(&server);
    let of = |kind: &str| out.iter().filter(|name| name.starts_with(kind)).count();
    assert_eq!(
        [of("acknowledgment-"), of("interchange-"), of("claims-")],
        [files; 3],
        "{out:?}"
    );
    assert_eq!(out.len(), 3 * files);
    assert_eq!(house.texts("backend/received/acme").len(), files);
    assert_eq!(server.names("in"), [""; 0]);
    say!("{rounds} times cut off while files come and go: nothing lost, nothing twice, all whole");
}

#[test]
fn full_or_read_only_it_gets_what_waited_in_the_end() {
    for denies in [Denies::Writing, Denies::LongFiles] {
        let (mut server, _proxy, house) = cut();
        server.stop();
        server.start_again_denying(denies);
        house.submit("payment.json", &json("005010X221A1/one-payment.json"));
        let child = house.begin(&["run"], &How::default());
        house.wait_for("sftp-unavailable", 3);
        assert_eq!(whole(&server), [""; 0], "{denies:?}");
        server.stop();
        server.start_again();
        finish(&house, child);
        assert_eq!(whole(&server).len(), 1, "{denies:?}");
    }
}
