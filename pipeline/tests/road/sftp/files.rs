//! Files that come and go through SFTP; and servers that are not who they should be (reliability §8.2, S6).

use std::fs;
use std::time::Duration;

use super::{KINDS, Server};
use crate::house::{House, How, sample};
use crate::ways::{json, profile};

/// A house whose partner has a server.
fn house(server: &Server, host_key: &str) -> House {
    house_at(server.port, server, host_key)
}

/// The same, which reaches the server by another port.
pub fn house_at(port: u16, server: &Server, host_key: &str) -> House {
    let house = House::new(&profile());
    let key = fs::read_to_string(server.folder.join("ours")).expect("it was made");
    house.write_secret("keys/acme.sftp", &key);
    let user = user();
    let at = |folder: &str| format!("sftp://{user}@127.0.0.1:{port}/~/{folder}");
    let profile = format!(
        "{}\n[folder]\nin = \"{}\"\nout = \"{}\"\n[sftp]\nkey_file = \"keys/acme.sftp\"\nhost_keys = [\"{host_key}\"]\n",
        profile(),
        at("in"),
        at("out")
    );
    house.partner("acme", &profile);
    house
}

/// Who runs the tests: an OpenSSH server that is not root's lets nobody else in.
fn user() -> String {
    let id = std::process::Command::new("id")
        .arg("-un")
        .output()
        .expect("there is `id`");
    String::from_utf8(id.stdout)
        .expect("a name")
        .trim()
        .to_owned()
}

#[test]
fn a_partner_may_have_a_server() {
    for kind in KINDS {
        let server = Server::start(kind);
        let house = house(&server, &server.host_key());
        let claims = sample("005010X222A1/one-claim.edi", 1);
        fs::write(server.path("in/claims.edi"), &claims).expect("it is ours");
        fs::write(server.path("in/.hidden"), &claims).expect("it is ours");
        fs::create_dir(server.path("in/deeper")).expect("it is ours");
        std::os::unix::fs::symlink("/etc/hostname", server.path("in/link.edi"))
            .expect("it is ours");
        house.submit("payment.json", &json("005010X221A1/one-payment.json"));
        assert!(house.run(&How::default()).success());
        assert_eq!(
            server.names("in"),
            [".hidden", "deeper", "link.edi"],
            "{kind}"
        );
        let out = server.names("out");
        let of = |kind: &str| out.iter().filter(|name| name.starts_with(kind)).count();
        assert_eq!(
            [of("acknowledgment-"), of("interchange-"), of("claims-")],
            [1, 1, 1],
            "{out:?}"
        );
        assert_eq!(out.len(), 3, "{out:?}");
        let answer = fs::read_to_string(server.path("out").join(&out[0])).expect("it is text");
        assert!(
            answer.starts_with("ISA*") && answer.trim_end().ends_with('~'),
            "{answer}"
        );
        assert!(
            house
                .arrivals()
                .iter()
                .all(|arrival| arrival.state == "delivered")
        );
    }
}

#[test]
fn nothing_is_sent_to_whoever_has_another_host_key() {
    let mut server = Server::start("ed25519");
    let house = house(&server, &server.host_key());
    let claims = sample("005010X222A1/one-claim.edi", 1);
    fs::write(server.path("in/claims.edi"), &claims).expect("it is ours");
    server.replace();
    let child = house.begin(&["run"], &How::default());
    house.wait_for("another host key", 3);
    let child = child;
    child.stop();
    assert_eq!(server.names("in"), ["claims.edi"]);
    assert_eq!(house.arrivals().len(), 0);
    let log = server.log();
    // No login was tried: the server never heard who we are.
    assert!(
        !log.contains("Accepted")
            && !log.contains("Failed")
            && !log.contains(&format!("user {}", user())),
        "{log}"
    );
    assert!(
        log.contains("Connection closed")
            || log.contains("Connection reset")
            || log.contains("Received disconnect"),
        "{log}"
    );
    let words = fs::read_to_string(house.log()).expect("it logs");
    assert!(!words.contains("claims.edi"), "a name is in the log");
}

#[test]
fn whom_the_server_does_not_let_in_waits() {
    let server = Server::start("ed25519");
    let house = house(&server, &server.host_key());
    let stranger = fs::read_to_string(server.folder.join("stranger")).expect("it was made");
    house.write_secret("keys/acme.sftp", &stranger);
    fs::write(
        server.path("in/claims.edi"),
        sample("005010X222A1/one-claim.edi", 1),
    )
    .expect("it is ours");
    let child = house.begin(&["run"], &How::default());
    house.wait_for("does not let us in with our key", 2);
    child.stop();
    assert_eq!(server.names("in"), ["claims.edi"]);
}

#[test]
fn a_server_that_was_away_gets_what_waited() {
    let mut server = Server::start("ed25519");
    let house = house(&server, &server.host_key());
    house.configure("[retry]\nfirst_ms = 300\nattempts = 20");
    assert!(house.run(&How::default()).success());
    server.stop();
    house.submit("payment.json", &json("005010X221A1/one-payment.json"));
    let child = house.begin(&["run"], &How::default());
    house.wait_for("sftp-unavailable", 2);
    server.start_again();
    let begun = std::time::Instant::now();
    while server.names("out").is_empty() || server.names("out")[0].starts_with('.') {
        assert!(begun.elapsed() < Duration::from_secs(40), "nothing came");
        std::thread::sleep(Duration::from_millis(50));
    }
    child.stop();
    assert!(house.run(&How::default()).success());
    assert_eq!(server.names("out").len(), 1);
}

#[test]
fn killed_while_it_delivers_it_leaves_one_file() {
    for point in ["delivery-written 1 kill", "delivery-renamed 1 kill"] {
        let server = Server::start("ed25519");
        let house = house(&server, &server.host_key());
        house.submit("payment.json", &json("005010X221A1/one-payment.json"));
        let how = How {
            failpoint: Some(point.to_owned()),
            ..How::default()
        };
        assert!(!house.run(&how).success(), "{point} is never reached");
        assert!(house.run(&How::default()).success());
        let out = server.names("out");
        let whole: Vec<_> = out.iter().filter(|name| !name.starts_with('.')).collect();
        assert_eq!(whole.len(), 1, "{point}: {out:?}");
        let text = fs::read_to_string(server.path("out").join(whole[0])).expect("it is text");
        assert!(
            text.starts_with("ISA*") && text.trim_end().ends_with('~'),
            "{point}"
        );
    }
}

#[test]
fn a_profile_without_host_keys_is_refused() {
    let server = Server::start("ed25519");
    let house = house(&server, "nonsense");
    let output = house
        .command(&["config", "check"], &How::default())
        .output()
        .expect("it starts");
    assert!(!output.status.success());
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("host_keys"), "{error}");
}
