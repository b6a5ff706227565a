//! The agent of ECS is told when jobs are in hand and when none is; whatever it answers, the road goes on.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::checker::{Input, check};
use crate::house::{House, How, ends};
use crate::http::{read, serve};
use crate::pages::{page, shown_as};
use crate::ways::profile;

/// What tells the agent which task speaks: nobody else is to learn it.
const TOKEN: &str = "0123456789abcdef-1234567890";

const PROTECT: &str = r#"{"ProtectionEnabled":true,"ExpiresInMinutes":10}"#;
const RELEASE: &str = r#"{"ProtectionEnabled":false}"#;

/// An agent that answers so, or not at all.
struct Agent {
    under: Vec<String>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Agent {
    /// One that does what it is asked for.
    fn new() -> Self {
        Self::that(|body| {
            let state = body
                .split(',')
                .next()
                .expect("it is JSON")
                .trim_end_matches('}');
            let answer =
                format!(r#"{{"protection":{state},"ExpirationDate":null,"TaskArn":"arn"}}}}"#);
            Some((200, answer))
        })
    }

    /// One that answers with this status and text.
    fn that(answers: impl Fn(&str) -> Option<(u16, String)> + Send + Sync + 'static) -> Self {
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let heard = Arc::clone(&asked);
        let address = serve(move |mut client| {
            let (head, body) = read(&client)?;
            let body = String::from_utf8(body).expect("it is text");
            let first = format!("PUT /api/{TOKEN}/task-protection/v1/state HTTP/1.1\r\n");
            assert!(head.starts_with(&first), "{head}");
            heard.lock().expect("nobody panicked").push(body.clone());
            let Some((status, answer)) = answers(&body) else {
                sleep(Duration::from_secs(60));
                return Ok(());
            };
            let length = answer.len();
            write!(
                client,
                "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\n\r\n{answer}"
            )
        });
        Self::at(&address, asked)
    }

    /// One that is not there.
    fn absent() -> Self {
        Self::at("http://127.0.0.1:1", Arc::default())
    }

    fn at(address: &str, asked: Arc<Mutex<Vec<String>>>) -> Self {
        let variable = format!("ECS_AGENT_URI={address}/api/{TOKEN}");
        let under = vec!["env".to_owned(), variable];
        Self { under, asked }
    }

    /// What it was asked for until now.
    fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("nobody panicked").clone()
    }

    fn wait_until_asked(&self, times: usize) {
        let begun = Instant::now();
        while self.asked().len() < times {
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "{:?}",
                self.asked()
            );
            sleep(Duration::from_millis(10));
        }
    }

    /// How the command is run beside it.
    fn how(&self) -> How<'_> {
        How {
            under: &self.under,
            ..How::default()
        }
    }
}

#[test]
fn who_has_jobs_in_hand_is_protected_and_released_after_the_last() {
    let house = House::new(&profile());
    house.configure("[work]\nrelease_s = 1");
    let agent = Agent::new();
    let child = house.begin(&["run"], &agent.how());
    house.wait_for("running", 1);
    assert_eq!(agent.asked(), [""; 0], "nothing is in hand yet");
    let inputs = Input::claims(1, 10);
    inputs.iter().for_each(|input| input.leave(&house));
    house.wait_for_ends(inputs.len(), Duration::from_secs(60));
    agent.wait_until_asked(2);
    // Files are seen one after the other, so there may be a pause between them on a slow machine; but there is no call for each of their jobs.
    let asked = agent.asked();
    assert!(asked.len() <= 4, "{asked:?}");
    assert_eq!(
        asked.concat(),
        format!("{PROTECT}{RELEASE}").repeat(asked.len() / 2)
    );
    child.signal(Signal::TERM);
    assert!(ends(child).success());
    assert_eq!(
        agent.asked(),
        asked,
        "who is released is not released again"
    );
    assert!(
        !house.text_of_log().contains(TOKEN),
        "its address is nobody's"
    );
}

#[test]
fn who_is_told_to_stop_is_released_behind_its_last_job() {
    let house = House::new(&profile());
    let agent = Agent::new();
    let inputs = Input::claims(1, 1);
    inputs.iter().for_each(|input| input.leave(&house));
    let how = How {
        failpoint: Some("object-written 2 pause 2000".to_owned()),
        ..agent.how()
    };
    let child = house.begin(&["run"], &how);
    agent.wait_until_asked(1);
    assert_eq!(agent.asked(), [PROTECT]);
    assert!(!house.have_ended(1), "its first job is still in hand");
    child.signal(Signal::TERM);
    house.wait_for("stopping", 1);
    assert_eq!(agent.asked(), [PROTECT], "jobs in hand may end");
    assert!(ends(child).success());
    assert_eq!(agent.asked(), [PROTECT, RELEASE]);
    assert!(house.run(&How::default()).success());
    check(&house, &inputs, "stopped while protected");
}

#[test]
fn an_agent_that_fails_stops_nobody() {
    let refuses = |_: &str| {
        let answer =
            r#"{"requestID":"1","error":{"Arn":"arn","Code":"ServerException","Message":"arn"}}"#;
        Some((500, answer.to_owned()))
    };
    let agents = [
        ("refuses", Agent::that(refuses), "code=\"ServerException\""),
        ("hangs", Agent::that(|_| None), "no answer in time"),
        ("is absent", Agent::absent(), "no connection"),
    ];
    for (what, agent, told) in agents {
        let house = House::new(&profile());
        let (child, at) = shown_as(&house, &agent.how());
        let inputs = Input::claims(1, 5);
        inputs.iter().for_each(|input| input.leave(&house));
        house.wait_for_ends(inputs.len(), Duration::from_secs(60));
        house.wait_for(told, 1);
        let (_, counted) = page(&at, "/metrics");
        let failed = "x12_protection_calls_total{wish=\"protect\",end=\"failed\"} ";
        assert!(
            counted.contains(failed),
            "an agent that {what} is not counted: {counted}"
        );
        child.signal(Signal::TERM);
        let begun = Instant::now();
        assert!(ends(child).success(), "an agent that {what} stops its task");
        assert!(
            begun.elapsed() < Duration::from_secs(15),
            "an agent that {what} is waited for"
        );
        check(&house, &inputs, &format!("beside an agent that {what}"));
        assert!(
            !house.text_of_log().contains(TOKEN),
            "its address is nobody's"
        );
    }
}
