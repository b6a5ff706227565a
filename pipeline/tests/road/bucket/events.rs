//! Buckets that tell of what is left in them: moto's, whose events come through a queue of moto's as S3 sends them.
//! Without moto there is nothing to ask, so all are ignored but in `make test`, which runs them beside it by `--include-ignored`.

use std::time::{Duration, Instant};

use aws_sdk_s3::types::{
    Event, EventBridgeConfiguration, NotificationConfiguration, QueueConfiguration,
};
use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_sqs::types::QueueAttributeName::{
    ApproximateNumberOfMessages, ApproximateNumberOfMessagesNotVisible, QueueArn, VisibilityTimeout,
};
use aws_smithy_http_client::Builder;
use rustix::process::Signal;
use serde_json::json;

use super::Server;
use super::gate::Gate;
use super::versions::{KEY, answered, claims};
use crate::house::{House, How, Running, ends};
use crate::ways::profile;

/// How long anything may take that an event starts.
const SOON: Duration = Duration::from_secs(30);

/// How long a message that was not confirmed stays away, in seconds.
const AWAY_S: &str = "2";

/// What stands in messages that tell of nothing: no log repeats it.
const CANARY: &str = "CANARY-OF-EVENTS";

/// What is said of a message that is none of ours.
const NOTHING: &str = "an event announces nothing";

/// A house whose partner has a bucket of its own, and its queue of events.
struct Announced {
    house: House,
    server: Server,
    client: Client,
    url: String,
}

impl Announced {
    /// One that lists its bucket so seldom, in seconds, and keeps versions there.
    fn listing(listing_s: u64) -> Self {
        let announced = Self::without_versions(listing_s);
        announced.server.keep_versions();
        announced
    }

    /// The same without versions.
    fn without_versions(listing_s: u64) -> Self {
        let house = House::new(&profile());
        let endpoint = house.servers.s3.clone().expect("no X12_TEST_S3");
        let server = Server::with_own_bucket(&endpoint);
        let config = aws_sdk_sqs::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(Builder::new().build_http())
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .region(Region::new("us-east-1"))
            .endpoint_url(&endpoint);
        let client = Client::from_conf(config.build());
        let make = client.create_queue().queue_name(&server.bucket);
        let made = make.attributes(VisibilityTimeout, AWAY_S).send();
        let made = server.runtime.block_on(made).expect("it makes queues");
        let url = made.queue_url.expect("it tells where it is");
        house.receive_from(&server.bucket, &format!("events = \"{url}\""));
        house.configure(&format!(
            "[work]\nlisting_s = {listing_s}\n[sqs]\nendpoint = \"{endpoint}\""
        ));
        Self {
            house,
            server,
            client,
            url,
        }
    }

    /// From now on the bucket tells of what is left: S3 sends a test first.
    fn tell(&self) {
        let asked = self.client.get_queue_attributes().queue_url(&self.url);
        let asked = asked.attribute_names(QueueArn).send();
        let told = self.server.runtime.block_on(asked);
        let told = told.expect("it tells of it").attributes;
        let arn = told.and_then(|mut told| told.remove(&QueueArn));
        let queue = QueueConfiguration::builder()
            .queue_arn(arn.expect("it has an ARN"))
            .events(Event::from("s3:ObjectCreated:*"));
        let how = NotificationConfiguration::builder()
            .queue_configurations(queue.build().expect("it is whole"))
            .event_bridge_configuration(EventBridgeConfiguration::builder().build());
        let put = self.server.client.put_bucket_notification_configuration();
        let put = put.bucket(&self.server.bucket);
        let put = put.notification_configuration(how.build()).send();
        self.server.runtime.block_on(put).expect("it will tell");
    }

    fn send(&self, body: &str) {
        let send = self.client.send_message().queue_url(&self.url);
        let sent = self.server.runtime.block_on(send.message_body(body).send());
        sent.expect("it takes messages");
    }

    /// An event as S3 sends it.
    fn event(&self, key: &str) -> String {
        let of = json!({"bucket": {"name": self.server.bucket}, "object": {"key": key, "size": 1}});
        let record = json!({"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": of});
        json!({ "Records": [record] }).to_string()
    }

    /// Messages that are not confirmed.
    fn unconfirmed(&self) -> u32 {
        let asked = self.client.get_queue_attributes().queue_url(&self.url);
        let asked = asked.attribute_names(ApproximateNumberOfMessages);
        let asked = asked.attribute_names(ApproximateNumberOfMessagesNotVisible);
        let told = self.server.runtime.block_on(asked.send());
        let told = told.expect("it tells of it").attributes.unwrap_or_default();
        let counts = told.values().map(|count| count.parse::<u32>());
        counts.map(|count| count.expect("it is a number")).sum()
    }

    fn wait_for_confirmations(&self) {
        let begun = Instant::now();
        while self.unconfirmed() > 0 {
            assert!(begun.elapsed() < SOON, "messages are not confirmed");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// A run that has listed the bucket.
    fn begin(&self) -> Running {
        let child = self.house.begin(&["run"], &How::default());
        self.send("{\"Event\":\"s3:TestEvent\"}");
        self.house.wait_for(NOTHING, 1);
        child
    }

    /// Ends a run as an operator does; it waits for no message.
    fn end(&self, child: Running) {
        let begun = Instant::now();
        child.signal(Signal::TERM);
        assert!(ends(child).success());
        assert!(begun.elapsed() < Duration::from_secs(10), "it waits");
    }
}

#[test]
#[ignore = "needs a server with buckets and credentials for it: .ci/with-s3"]
fn what_an_event_announces_is_taken_at_once() {
    taken_at_once(&Announced::listing(3600));
    taken_at_once(&Announced::without_versions(3600));
}

fn taken_at_once(announced: &Announced) {
    announced.tell();
    let child = announced.begin();
    let names = ["claims.edi", "a b+c%.edi", "\u{e4}.edi"];
    for (name, isa13) in names.into_iter().zip(1..) {
        announced.server.put(&format!("in/{name}"), &claims(isa13));
    }
    announced.server.put("in/deeper/claims.edi", &claims(9));
    announced.server.put("elsewhere.edi", &claims(9));
    announced.house.wait_for_ends(names.len(), SOON);
    announced.wait_for_confirmations();
    announced.end(child);
    assert_eq!(announced.house.arrivals().len(), names.len());
    assert_eq!(answered(&announced.house), (names.len(), 0));
    let (left, markers) = announced.server.versions();
    assert_eq!(left, ["elsewhere.edi", "in/deeper/claims.edi"]);
    assert_eq!(markers, 0);
}

#[test]
#[ignore = "needs a server with buckets and credentials for it: .ci/with-s3"]
fn events_of_a_server_that_fails_now_and_then_lose_nothing() {
    let announced = Announced::listing(3600);
    let given = announced.house.servers.s3.clone();
    let gate = Gate::before(&given.expect("no X12_TEST_S3"), 5);
    let at = format!("endpoint = \"{}\"", gate.endpoint);
    announced
        .house
        .configure(&format!("[s3]\n{at}\n[sqs]\n{at}"));
    announced.tell();
    let child = announced.begin();
    let files = 10;
    for number in 1..=files {
        let key = format!("in/{number}.edi");
        announced.server.put(&key, &claims(number));
    }
    announced.house.wait_for_ends(files as usize, 2 * SOON);
    announced.wait_for_confirmations();
    announced.end(child);
    assert!(gate.faults() > files, "{} faults", gate.faults());
    assert_eq!(announced.house.arrivals().len(), files as usize);
    assert_eq!(answered(&announced.house), (files as usize, 0));
    assert_eq!(announced.server.versions(), (vec![], 0));
}

#[test]
#[ignore = "needs a server with buckets and credentials for it: .ci/with-s3"]
fn what_no_event_announces_is_found_when_the_bucket_is_listed() {
    let announced = Announced::listing(1);
    let child = announced.begin();
    announced.server.put(KEY, &claims(1));
    announced.house.wait_for_ends(1, SOON);
    // Nor is there anything without a queue.
    let gone = announced.client.delete_queue().queue_url(&announced.url);
    let gone = announced.server.runtime.block_on(gone.send());
    gone.expect("it removes queues");
    announced.server.put(KEY, &claims(2));
    announced.house.wait_for_ends(2, SOON);
    announced.end(child);
    assert_eq!(answered(&announced.house), (2, 0));
}

#[test]
#[ignore = "needs a server with buckets and credentials for it: .ci/with-s3"]
fn a_file_that_is_announced_often_is_one_arrival() {
    let announced = Announced::listing(1);
    announced.tell();
    let child = announced.begin();
    for _ in 0..3 {
        announced.send(&announced.event(KEY));
    }
    announced.server.put(KEY, &claims(1));
    for _ in 0..3 {
        announced.send(&announced.event(KEY));
    }
    announced.house.wait_for_ends(1, SOON);
    announced.wait_for_confirmations();
    // Long after.
    announced.send(&announced.event(KEY));
    announced.wait_for_confirmations();
    announced.end(child);
    assert_eq!(announced.house.arrivals().len(), 1);
    assert_eq!(answered(&announced.house), (1, 0));
    assert_eq!(announced.server.versions(), (vec![], 0));
}

#[test]
#[ignore = "needs a server with buckets and credentials for it: .ci/with-s3"]
fn each_version_that_is_announced_is_a_transfer() {
    let announced = Announced::listing(3600);
    announced.tell();
    let child = announced.begin();
    for _ in 0..5 {
        announced.server.put(KEY, &claims(1));
    }
    announced.house.wait_for_ends(5, SOON);
    announced.wait_for_confirmations();
    announced.end(child);
    assert_eq!(announced.house.arrivals().len(), 5);
    assert_eq!(answered(&announced.house), (1, 4));
    assert_eq!(announced.server.versions(), (vec![], 0));
}

#[test]
#[ignore = "needs a server with buckets and credentials for it: .ci/with-s3"]
fn killed_before_a_message_is_confirmed_a_file_is_one_arrival() {
    for moment in ["intake-sealed", "intake-recorded", "intake-removed"] {
        let announced = Announced::listing(3600);
        announced.tell();
        let how = How {
            failpoint: Some(format!("{moment} 1 kill")),
            ..How::default()
        };
        let child = announced.house.begin(&["run"], &how);
        announced.house.wait_for(NOTHING, 1);
        announced.server.put(KEY, &claims(1));
        assert!(!ends(child).success(), "{moment}");
        assert!(announced.unconfirmed() > 0, "{moment}");
        let child = announced.house.begin(&["run"], &How::default());
        announced.wait_for_confirmations();
        announced.house.wait_for_ends(1, SOON);
        announced.end(child);
        assert_eq!(announced.house.arrivals().len(), 1, "{moment}");
        assert_eq!(answered(&announced.house), (1, 0), "{moment}");
        assert_eq!(announced.server.versions(), (vec![], 0), "{moment}");
    }
}

#[test]
#[ignore = "needs a server with buckets and credentials for it: .ci/with-s3"]
fn a_file_that_is_not_whole_keeps_its_message() {
    let announced = Announced::listing(3600);
    announced.tell();
    let child = announced.begin();
    let whole = claims(1);
    let cut = &whole[..whole.len() / 2];
    announced.server.put(KEY, cut);
    announced.house.wait_for("a file is not whole yet", 1);
    std::thread::sleep(Duration::from_secs(3));
    assert!(announced.unconfirmed() > 0);
    assert_eq!(announced.house.arrivals().len(), 0);
    announced.server.put(KEY, &whole);
    announced.house.wait_for_ends(1, SOON);
    // It lay over the other, which is an object of its own.
    assert_eq!(
        announced.server.objects(""),
        [(KEY.to_owned(), cut.to_vec())]
    );
    announced.server.delete(KEY);
    announced.send(&announced.event(KEY));
    announced.wait_for_confirmations();
    announced.end(child);
    assert_eq!(announced.house.arrivals().len(), 1);
}

#[test]
#[ignore = "needs a server with buckets and credentials for it: .ci/with-s3"]
fn a_file_waits_for_what_says_that_it_is_whole_and_both_are_confirmed() {
    let announced = Announced::listing(3600);
    let profile = announced.house.text("partners/acme.toml");
    let ready = profile.replace("events =", "ready = \".done\"\nevents =");
    announced.house.partner("acme", &ready);
    announced.tell();
    let child = announced.begin();
    announced.server.put(KEY, &claims(1));
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(announced.house.arrivals().len(), 0);
    announced.server.put(&format!("{KEY}.done"), b"");
    announced.house.wait_for_ends(1, SOON);
    announced.wait_for_confirmations();
    announced.end(child);
    assert_eq!(answered(&announced.house), (1, 0));
    assert_eq!(announced.server.versions(), (vec![], 0));
}

#[test]
#[ignore = "needs a server with buckets and credentials for it: .ci/with-s3"]
fn a_message_that_nobody_can_read_is_confirmed_and_not_repeated() {
    let announced = Announced::listing(3600);
    announced.tell();
    let nonsense = [
        CANARY.to_owned(),
        format!("{{\"{CANARY}\":"),
        format!("[\"{CANARY}\"]"),
        "[".repeat(50_000),
        format!("{{\"Records\":[{{\"eventName\":\"ObjectCreated:{CANARY}\"}}]}}"),
        announced.event(&format!("in/{CANARY}%ZZ")),
        json!({"Type": "Notification", "Message": CANARY}).to_string(),
    ];
    let foreign = [
        announced.event(&format!("out/{CANARY}")),
        announced.event(&format!("in/{CANARY}/a.edi")),
        json!({"source": CANARY, "detail-type": CANARY, "detail": CANARY}).to_string(),
        json!({"Event": CANARY}).to_string(),
    ];
    let gone = announced.event(&format!("in/{CANARY}"));
    let all = nonsense.iter().chain(&foreign).chain([&gone]);
    all.for_each(|body| announced.send(body));
    let child = announced.begin();
    announced.server.put(KEY, &claims(1));
    announced.house.wait_for_ends(1, SOON);
    announced.wait_for_confirmations();
    announced.end(child);
    let log = announced.house.text_of_log();
    assert!(!log.contains(CANARY), "{log}");
    let unread = log.matches("an event that nobody can read").count();
    assert_eq!(unread, nonsense.len());
    // Two tests are told of beside them: the bucket's and the run's.
    assert_eq!(log.matches(NOTHING).count(), foreign.len() + 2);
    assert_eq!(announced.house.arrivals().len(), 1);
}

#[test]
#[ignore = "needs a server with buckets and credentials for it: .ci/with-s3"]
fn a_run_until_idle_waits_for_no_message() {
    let announced = Announced::listing(3600);
    let begun = Instant::now();
    announced.server.put(KEY, &claims(1));
    announced.send(&announced.event(KEY));
    assert!(announced.house.run(&How::default()).success());
    assert!(begun.elapsed() < Duration::from_secs(15), "it waits");
    assert_eq!(announced.house.arrivals().len(), 1);
    assert_eq!(announced.unconfirmed(), 0);
}
