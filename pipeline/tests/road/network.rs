//! The network between a house and its servers fails (reliability §7, F5): connections are reset, half open, refused, late, cut into bytes,
//! or nothing comes through for a while.

use std::net::SocketAddr;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::checker::{Input, check};
use crate::counts::F5;
use crate::house::{House, How};
use crate::proxy::{Mode, Proxy};
use crate::servers::{Servers, Started};
use crate::ways::profile;

/// Kinds of fault.
const KINDS: u32 = 6;

/// Files left while each fault is there.
const FILES: u32 = 12;

/// How long a fault stays that does not end what it concerns.
const STAYS: Duration = Duration::from_secs(6);

/// How long nothing comes through: of a night, longer.
fn silence() -> Duration {
    Duration::from_secs(if F5.times() > KINDS { 60 } else { 25 })
}

/// How long all may take that was left while connections were half open, once that is noticed.
const REST: Duration = Duration::from_secs(30);

/// A house, and what stands between it and one of its servers.
struct Disturbed {
    house: House,
    proxy: Proxy,
    inputs: Vec<Input>,
    /// Within which time it is to be noticed that the other end is gone.
    noticed: Duration,
    /// The server, if the test has one of its own.
    _server: Option<Started>,
}

/// An address on this host, out of a URL.
fn address(url: &str) -> SocketAddr {
    let (_, at) = url.rsplit_once("127.0.0.1:").expect("it is here");
    let digits = at.find(|c: char| !c.is_ascii_digit()).unwrap_or(at.len());
    let port = at[..digits].parse().expect("it has a port");
    SocketAddr::from(([127, 0, 0, 1], port))
}

/// The same URL, of the proxy.
fn of(proxy: &Proxy, url: &str) -> String {
    let port = address(url).port().to_string();
    url.replace(
        &format!("127.0.0.1:{port}"),
        &format!("127.0.0.1:{}", proxy.address().port()),
    )
}

impl Disturbed {
    fn broker() -> Self {
        let server = Started::by("with-rabbitmq");
        let url = server.told("X12_TEST_RABBITMQ").to_owned();
        let proxy = Proxy::to(address(&url));
        let servers = Servers {
            rabbitmq: Some(of(&proxy, &url)),
            ..Servers::given()
        };
        Self::new(House::beside(servers, &profile()), proxy, Some(server))
    }

    fn database() -> Self {
        let server = Started::by("with-postgres");
        let url = server.told("X12_TEST_POSTGRES").to_owned();
        let proxy = Proxy::to(address(&url));
        let servers = Servers {
            postgres: Some(url.clone()),
            ..Servers::given()
        };
        let house = House::beside(servers, &profile());
        let url = house.text("keys/database.url");
        house.write_secret("keys/database.url", &of(&proxy, &url));
        Self::new(house, proxy, Some(server))
    }

    fn buckets() -> Self {
        let given = Servers::given();
        let url = given.s3.clone().expect("no X12_TEST_S3");
        let proxy = Proxy::to(address(&url));
        let house = House::beside(given, &profile());
        house.configure(&format!("[s3]\nendpoint = \"{}\"", of(&proxy, &url)));
        let disturbed = Self::new(house, proxy, None);
        Self {
            // A part of an object may take so long.
            noticed: Duration::from_secs(60),
            ..disturbed
        }
    }

    fn new(house: House, proxy: Proxy, server: Option<Started>) -> Self {
        house.configure("[work]\nsilent_s = 2");
        Self {
            house,
            proxy,
            inputs: Vec::new(),
            noticed: Duration::from_secs(30),
            _server: server,
        }
    }

    fn leave(&mut self) {
        let first = u32::try_from(self.inputs.len()).expect("they are few") + 1;
        let claims = Input::claims(first, FILES);
        claims.iter().for_each(|input| input.leave(&self.house));
        self.inputs.extend(claims);
    }

    /// Everything that was left so far has come to its end; how long that took.
    fn all_end(&self) -> Duration {
        let begun = Instant::now();
        let most = Duration::from_secs(90);
        self.house.wait_for_ends(self.inputs.len(), most);
        begun.elapsed()
    }

    /// Each fault under load; all ends when it is over, or with it if connections alone are lost.
    fn endure(mut self, what: &str) {
        let child = self.house.begin(&["run"], &How::default());
        self.house.wait_for("running", 1);
        let mut longest = Duration::ZERO;
        for _ in 0..F5.times() / KINDS {
            self.leave();
            sleep(Duration::from_millis(150));
            self.proxy.leave_half_open();
            longest = longest.max(self.all_end());
            self.leave();
            sleep(Duration::from_millis(150));
            self.proxy.set(Mode::Reset);
            sleep(Duration::from_secs(1));
            self.proxy.set(Mode::Pass);
            self.all_end();
            for (mode, stays) in [
                (Mode::Late(Duration::from_secs(2)), STAYS),
                (Mode::Slices, STAYS),
                (Mode::Silent, silence()),
                (Mode::Refuse, STAYS),
            ] {
                self.proxy.set(mode);
                if mode == Mode::Refuse {
                    self.proxy.leave_half_open();
                }
                self.leave();
                sleep(stays);
                self.proxy.set(Mode::Pass);
                self.all_end();
            }
        }
        assert!(longest <= self.noticed + REST, "half open for {longest:?}");
        child.stop();
        assert!(self.house.run(&How::default()).success());
        check(&self.house, &self.inputs, what);
        assert!(self.proxy.connections() > 1, "it never was in between");
        say!(
            "{what}: {} times reset, half open, refused, silent, late or in slices: nothing lost, nothing twice, half open for {} s at most",
            F5.times(),
            longest.as_secs()
        );
    }
}

#[test]
fn between_a_house_and_its_broker() {
    Disturbed::broker().endure("the network to the broker");
}

#[test]
fn between_a_house_and_its_database() {
    Disturbed::database().endure("the network to the database");
}

#[test]
#[ignore = "needs a server with buckets and credentials for it: .ci/with-s3"]
fn between_a_house_and_its_buckets() {
    Disturbed::buckets().endure("the network to the buckets");
}
