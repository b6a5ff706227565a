//! Keeps ECS from ending the task while jobs are in hand: the agent beside it is told when the first begins, and when none is left.
//!
//! There is no call for each job, as the service behind the agent takes few: what is protected stays so until nothing was in hand for a while.
//! Nor does a job wait for a call. Who is ended all the same loses nothing, its jobs come back when their leases end; so what fails here is
//! told, counted and tried again, and stops nobody.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use http_body_util::{BodyExt, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1::handshake;
use hyper::header::{CONNECTION, CONTENT_TYPE, HOST};
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio::net::TcpStream;
use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, sleep, timeout};

use crate::measures::Measures;

/// For how long the task is protected: so long a process that has died or stands still keeps its service from shrinking. The agent takes
/// whole minutes.
const EXPIRES: Duration = Duration::from_secs(10 * 60);

/// When it is to be protected anew: what fails then can be tried again a few times.
const RENEW: Duration = Duration::from_secs(5 * 60);

/// How long what failed first waits; then twice as long each time.
const AGAIN: Duration = Duration::from_secs(1);

/// How long it waits at most.
const AGAIN_MOST: Duration = Duration::from_secs(60);

/// How long the agent may take to answer; it gives up its own service after four seconds.
const ANSWER: Duration = Duration::from_secs(5);

/// Bytes that are read of an answer.
const ANSWER_BYTES: usize = 64 << 10;

/// What keeps the task from being ended while jobs are in hand. Without an agent it does nothing.
#[derive(Default)]
pub struct Protection {
    agent: Option<Agent>,
    /// How long nothing is in hand before the task may be ended.
    release: Duration,
    in_hand: watch::Sender<usize>,
}

impl Protection {
    /// Protects the task whose agent is at this address, as `ECS_AGENT_URI` has it, until no job was in hand for so many seconds.
    #[must_use]
    pub fn of_task(agent: &str, release_s: u64) -> Self {
        let agent = Agent::at(agent);
        if agent.is_none() {
            // Its address is not told: who knows it may speak for the task.
            tracing::warn!(
                "ECS_AGENT_URI is no address of an agent beside us: the task is not protected"
            );
        }
        Self {
            agent,
            release: Duration::from_secs(release_s),
            ..Self::default()
        }
    }

    /// A job is in hand, until what is given is dropped.
    pub fn in_hand(&self) -> InHand<'_> {
        self.in_hand.send_if_modified(|jobs| {
            *jobs += 1;
            *jobs == 1
        });
        InHand(&self.in_hand)
    }

    /// Tells the agent as long as jobs may be done, that is until the other end of `over` is dropped; what is protected then is released.
    pub async fn keep(&self, measures: &Measures, mut over: oneshot::Receiver<()>) {
        let Some(agent) = &self.agent else {
            return;
        };
        let begun = Instant::now();
        let mut keeper = Keeper::new(self.release);
        let mut in_hand = self.in_hand.subscribe();
        loop {
            let is_busy = *in_hand.borrow_and_update() > 0;
            match keeper.next(begun.elapsed(), is_busy) {
                Next::Ask(wish) => tokio::select! {
                    is_done = agent.told(wish, measures) => keeper.answered(begun.elapsed(), wish, is_done),
                    _ = &mut over => break,
                },
                Next::Wait(time) => tokio::select! {
                    _ = in_hand.changed() => {}
                    () = sleep(time.unwrap_or_default()), if time.is_some() => {}
                    _ = &mut over => break,
                },
            }
        }
        if keeper.held_until.is_some() {
            agent.told(Wish::Release, measures).await;
        }
    }
}

/// A job that is in hand, as long as this is there.
pub struct InHand<'a>(&'a watch::Sender<usize>);

impl Drop for InHand<'_> {
    fn drop(&mut self) {
        self.0.send_if_modified(|jobs| {
            *jobs = jobs.saturating_sub(1);
            *jobs == 0
        });
    }
}

/// What the agent is asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Wish {
    /// Not to let the task be ended.
    Protect,
    /// To let it be ended.
    Release,
}

impl Wish {
    fn name(self) -> &'static str {
        match self {
            Self::Protect => "protect",
            Self::Release => "release",
        }
    }

    /// As the agent reads it.
    fn body(self) -> String {
        match self {
            Self::Protect => format!(
                r#"{{"ProtectionEnabled":true,"ExpiresInMinutes":{}}}"#,
                EXPIRES.as_secs() / 60
            ),
            Self::Release => r#"{"ProtectionEnabled":false}"#.to_owned(),
        }
    }
}

/// What is to be done next.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Next {
    /// Ask the agent.
    Ask(Wish),
    /// Wait until a first job begins or the last one ends, so long at most.
    Wait(Option<Duration>),
}

/// Decides when the agent is asked for what. Times are since it began.
struct Keeper {
    /// How long nothing is in hand before the task is released.
    release: Duration,
    /// Since when nothing is in hand.
    idle_since: Option<Duration>,
    /// Until when the task may be protected, whether the agent's answer came or not.
    held_until: Option<Duration>,
    /// From when on it is to be protected anew.
    renew_at: Duration,
    /// Before that nothing is asked, as what was asked last failed.
    again_at: Duration,
    /// How often it failed in a row.
    failed: u32,
}

impl Keeper {
    fn new(release: Duration) -> Self {
        Self {
            release,
            idle_since: None,
            held_until: None,
            renew_at: Duration::ZERO,
            again_at: Duration::ZERO,
            failed: 0,
        }
    }

    /// What is to be done at this moment. What is to be renewed while nothing is in hand is released at once: else a job each half minute
    /// would keep every task of a service that is to shrink.
    fn next(&mut self, now: Duration, is_busy: bool) -> Next {
        self.idle_since = match is_busy {
            true => None,
            false => self.idle_since.or(Some(now)),
        };
        self.held_until = self.held_until.filter(|until| *until > now);
        let (wish, at) = match (self.idle_since, self.held_until) {
            (None, _) => (Wish::Protect, self.renew_at),
            (Some(since), Some(_)) => (Wish::Release, self.renew_at.min(since + self.release)),
            (Some(_), None) => return Next::Wait(None),
        };
        let at = at.max(self.again_at);
        if at > now {
            return Next::Wait(Some(at - now));
        }
        if wish == Wish::Protect {
            // It may be heard though its answer is lost.
            self.held_until = Some(now + ANSWER + EXPIRES);
        }
        Next::Ask(wish)
    }

    /// What was asked for is done, or not.
    fn answered(&mut self, now: Duration, wish: Wish, is_done: bool) {
        if !is_done {
            self.again_at = now + AGAIN_MOST.min(AGAIN * (1 << self.failed.min(10)));
            self.failed += 1;
            return;
        }
        self.failed = 0;
        (self.held_until, self.renew_at) = match wish {
            Wish::Protect => (Some(now + EXPIRES), now + RENEW),
            Wish::Release => (None, Duration::ZERO),
        };
    }
}

/// The agent of ECS beside a task.
struct Agent {
    address: SocketAddr,
    /// Host and port, as it is called.
    host: String,
    /// Where the state of the protection is, with what tells the agent which task speaks.
    path: String,
}

/// Why the agent did not do what it was asked for.
struct Refusal {
    what: &'static str,
    /// The status of its answer, 0 without one.
    status: u16,
    /// What its service says of it, if that is a code.
    code: String,
}

impl From<&'static str> for Refusal {
    fn from(what: &'static str) -> Self {
        Self {
            what,
            status: 0,
            code: String::new(),
        }
    }
}

impl Agent {
    /// The agent at an address: by plain HTTP, so beside us and nowhere else.
    fn at(uri: &str) -> Option<Self> {
        let uri: Uri = uri.parse().ok()?;
        let host = uri.host()?.trim_matches(['[', ']']);
        let ip: IpAddr = host.parse().ok()?;
        if uri.scheme_str() != Some("http") || !is_beside_us(ip) {
            return None;
        }
        Some(Self {
            address: SocketAddr::new(ip, uri.port_u16().unwrap_or(80)),
            host: uri.authority()?.as_str().to_owned(),
            path: format!(
                "{}/task-protection/v1/state",
                uri.path().trim_end_matches('/')
            ),
        })
    }

    /// Whether it did what it was asked for, which is logged and counted.
    async fn told(&self, wish: Wish, measures: &Measures) -> bool {
        let asked = timeout(ANSWER, self.ask(wish)).await;
        let answer = asked.unwrap_or_else(|_| Err("no answer in time".into()));
        measures.protection(wish.name(), answer.is_ok());
        match (&answer, wish) {
            (Ok(()), Wish::Protect) => {
                tracing::info!("jobs are in hand: ECS does not end the task")
            }
            (Ok(()), Wish::Release) => tracing::info!("nothing is in hand: ECS may end the task"),
            (Err(Refusal { what, status, code }), _) => {
                tracing::warn!(
                    wish = wish.name(),
                    what,
                    status,
                    code,
                    "the agent of ECS did not do it"
                );
            }
        }
        answer.is_ok()
    }

    async fn ask(&self, wish: Wish) -> Result<(), Refusal> {
        let stream = TcpStream::connect(self.address).await;
        let stream = stream.map_err(|_| "no connection")?;
        let connected = handshake(TokioIo::new(stream)).await;
        let (mut sender, connection) = connected.map_err(|_| "no connection")?;
        let request = Request::put(&self.path)
            .header(HOST, &self.host)
            .header(CONTENT_TYPE, "application/json")
            .header(CONNECTION, "close")
            .body(wish.body())
            .map_err(|_| "not sent")?;
        let exchange = async move {
            let answer = sender.send_request(request).await;
            let answer = answer.map_err(|_| "no answer")?;
            let status = answer.status().as_u16();
            let body = Limited::new(answer.into_body(), ANSWER_BYTES).collect();
            let body = body.await.map_err(|_| "no whole answer")?;
            understood(wish, status, &body.to_bytes())
        };
        // The connection ends with the exchange; what is wrong with it shows there.
        let (answer, _) = tokio::join!(exchange, connection);
        answer
    }
}

/// Whether nobody but the host can be at an address: that of the agent, or a program here that speaks as it does.
fn is_beside_us(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_link_local() || ip.is_loopback(),
        // Where AWS has them if there is no version 4: fd00:ec2::/32.
        IpAddr::V6(ip) => ip.is_loopback() || ip.segments().starts_with(&[0xfd00, 0x0ec2]),
    }
}

/// What the agent answers, as far as it is of interest.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Answer {
    protection: Option<State>,
    failure: Option<Told>,
    error: Option<Told>,
}

#[derive(Deserialize)]
struct State {
    #[serde(rename = "ProtectionEnabled")]
    enabled: bool,
}

/// What its service says: its words name accounts and roles, its codes do not.
#[derive(Deserialize)]
struct Told {
    #[serde(alias = "Reason", alias = "Code", default)]
    code: String,
}

fn understood(wish: Wish, status: u16, body: &Bytes) -> Result<(), Refusal> {
    let answer: Answer = serde_json::from_slice(body).unwrap_or_default();
    let is_so = |state: State| state.enabled == (wish == Wish::Protect);
    if status == 200 && answer.protection.is_some_and(is_so) {
        return Ok(());
    }
    let told = answer.failure.or(answer.error);
    let mut code = told.map(|told| told.code).unwrap_or_default();
    let is_code = |code: &str| {
        code.len() <= 64
            && code
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    if !is_code(&code) {
        code.clear();
    }
    Err(Refusal {
        what: "refused",
        status,
        code,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is in hand, when the agent fails, and what it is asked for: all in seconds, `+` to protect and `-` to release.
    struct Case {
        what: &'static str,
        busy: &'static [(u64, u64)],
        fails: (u64, u64),
        asked: &'static str,
    }

    const CASES: [Case; 7] = [
        Case {
            what: "a job is protected, and released half a minute after it",
            busy: &[(10, 11)],
            fails: (0, 0),
            asked: "+10 -41",
        },
        Case {
            what: "jobs that follow one another cost one call",
            busy: &[(10, 11), (12, 13), (42, 50), (51, 52)],
            fails: (0, 0),
            asked: "+10 -82",
        },
        Case {
            what: "a job that comes later is protected anew",
            busy: &[(10, 11), (100, 101)],
            fails: (0, 0),
            asked: "+10 -41 +100 -131",
        },
        Case {
            what: "a long job is protected all the time",
            busy: &[(0, 1000)],
            fails: (0, 0),
            asked: "+0 +300 +600 +900 -1030",
        },
        Case {
            what: "who is never idle for long is released when it would have to be protected anew",
            busy: &[(0, 1), (29, 280), (299, 300), (301, 302)],
            fails: (0, 0),
            asked: "+0 -300 +301 -332",
        },
        Case {
            what: "what fails is tried again, later each time",
            busy: &[(0, 200)],
            fails: (0, 100),
            asked: "+0 +1 +3 +7 +15 +31 +63 +123 -230",
        },
        Case {
            what: "what could not be released is not tried for longer than it may last",
            busy: &[(0, 1)],
            fails: (1, 10_000),
            asked: "+0 -31 -32 -34 -38 -46 -62 -94 -154 -214 -274 -334 -394 -454 -514 -574",
        },
    ];

    fn asked(case: &Case) -> String {
        let mut keeper = Keeper::new(Duration::from_secs(30));
        let (mut now, mut asked) = (0, Vec::new());
        while now < 10_000 {
            let is_busy = case
                .busy
                .iter()
                .any(|(from, to)| (*from..*to).contains(&now));
            let at = Duration::from_secs(now);
            match keeper.next(at, is_busy) {
                Next::Ask(wish) => {
                    let sign = if wish == Wish::Protect { '+' } else { '-' };
                    asked.push(format!("{sign}{now}"));
                    keeper.answered(at, wish, !(case.fails.0..case.fails.1).contains(&now));
                }
                Next::Wait(time) => {
                    let edges = case.busy.iter().flat_map(|(from, to)| [*from, *to]);
                    let edge = edges.filter(|edge| *edge > now).min().unwrap_or(10_000);
                    let due = time.map_or(10_000, |time| now + time.as_secs());
                    now = edge.min(due);
                }
            }
        }
        asked.join(" ")
    }

    #[test]
    fn the_agent_is_asked_when_it_must_be() {
        for case in CASES {
            assert_eq!(asked(&case), case.asked, "{}", case.what);
        }
    }

    #[test]
    fn only_an_agent_beside_us_is_asked() {
        let cases = [
            (
                "http://169.254.170.2/api/id",
                Some("169.254.170.2:80 /api/id/task-protection/v1/state"),
            ),
            (
                "http://127.0.0.1:81/",
                Some("127.0.0.1:81 /task-protection/v1/state"),
            ),
            (
                "http://[fd00:ec2::170]/api",
                Some("[fd00:ec2::170]:80 /api/task-protection/v1/state"),
            ),
            ("https://169.254.170.2/api", None),
            ("http://10.0.0.1/api", None),
            ("http://agent/api", None),
            ("http://[2001:db8::1]/api", None),
            ("169.254.170.2", None),
            ("", None),
        ];
        for (uri, expected) in cases {
            let agent = Agent::at(uri).map(|agent| format!("{} {}", agent.address, agent.path));
            assert_eq!(agent.as_deref(), expected, "{uri}");
        }
    }

    #[test]
    fn an_answer_counts_if_it_says_so() {
        let cases = [
            (
                200,
                r#"{"protection":{"ExpirationDate":"2026-11-27T02:29:16Z","ProtectionEnabled":true,"TaskArn":"arn"}}"#,
                Ok(()),
            ),
            (
                200,
                r#"{"protection":{"ExpirationDate":null,"ProtectionEnabled":false,"TaskArn":"arn"}}"#,
                Err(""),
            ),
            (
                200,
                r#"{"failure":{"Arn":"arn","Detail":null,"Reason":"DEPLOYMENT_BLOCKED"}}"#,
                Err("DEPLOYMENT_BLOCKED"),
            ),
            (
                400,
                r#"{"requestID":"1","error":{"Arn":"arn","Code":"ThrottlingException","Message":"Rate exceeded"}}"#,
                Err("ThrottlingException"),
            ),
            (
                403,
                r#"{"error":{"Code":"User: arn:aws:sts::1","Message":""}}"#,
                Err(""),
            ),
            (500, r#"{"protection":{"ProtectionEnabled":true}}"#, Err("")),
            (200, "<html>", Err("")),
        ];
        for (status, body, expected) in cases {
            let answer = understood(Wish::Protect, status, &Bytes::from(body));
            let answer = answer.map_err(|refusal| refusal.code);
            assert_eq!(answer, expected.map_err(str::to_owned), "{body}");
        }
    }
}
