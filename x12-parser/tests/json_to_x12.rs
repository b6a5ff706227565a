//! JSON to X12: every road gives the same bytes, and what cannot be written is told with its place and without its value.

#[path = "json_to_x12/pieces.rs"]
mod pieces;

use x12_parser::{Error, Limits, WriteFinding, X12Writer, to_x12};

use pieces::Pieces;

const ISA: &str = r#"{"seg":"ISA","01":"00","02":"          ","03":"00","04":"          ","05":"ZZ","06":"MADEUPSENDER   ","07":"ZZ","08":"MADEUPRECEIVER ","09":"261123","10":"1200","11":"^","12":"00501","13":"000000001","14":"0","15":"T","16":":"}"#;
const ISA_X12: &str = "ISA*00*          *00*          *ZZ*MADEUPSENDER   *ZZ*MADEUPRECEIVER *261123*1200*^*00501*000000001*0*T*:~";
const DELIMITERS: &str =
    r#"{"element":"*","component":":","repetition":"^","segment":"~","suffix":"\n"}"#;

type Written = (Vec<u8>, Vec<WriteFinding>);

/// Writes JSON through every road, which must agree.
fn write_within(json: &[u8], limits: &Limits) -> Result<Written, String> {
    let roads = [json.len().max(1), 7, 1].map(|size| {
        let mut x12 = Vec::new();
        to_x12(Pieces(json, size), &mut x12, limits)
            .map(|findings| (x12, findings))
            .map_err(|error| error.to_string())
    });
    let pushed = [1, 11].map(|size| push(json, size, limits));
    for road in roads.iter().chain(&pushed) {
        assert_eq!(road, &roads[0]);
    }
    let [first, ..] = roads;
    first
}

fn push(json: &[u8], size: usize, limits: &Limits) -> Result<Written, String> {
    let mut writer = X12Writer::new(limits);
    let mut x12 = Vec::new();
    json.chunks(size)
        .try_for_each(|piece| writer.push(piece, &mut x12))
        .map_err(|error| error.to_string())?;
    writer.finish(&mut x12).map_err(|error| error.to_string())?;
    Ok((x12, writer.findings().to_vec()))
}

fn write(json: &str) -> Result<Written, String> {
    write_within(json.as_bytes(), &Limits::default())
}

/// A document whose only transaction set has this body.
fn document(body: &str) -> String {
    format!(
        r#"{{"x12":"1","interchanges":[{{"delimiters":{DELIMITERS},"ISA":{ISA},"body":[],"groups":[{{"GS":{{"seg":"GS","01":"HC"}},"transactions":[{{"set":"837","body":[{body}]}}],"GE":{{"seg":"GE","01":"1"}}}}],"IEA":{{"seg":"IEA","01":"1"}}}}]}}"#
    )
}

fn around(segments: &str) -> String {
    format!("{ISA_X12}\nGS*HC~\n{segments}GE*1~\nIEA*1~\n")
}

/// The X12 of one segment's JSON, and the findings.
fn segment(json: &str) -> (Vec<u8>, Vec<WriteFinding>) {
    let (x12, findings) = write(&document(json)).expect("the segment is written");
    let (before, after) = (format!("{ISA_X12}\nGS*HC~\n"), "GE*1~\nIEA*1~\n");
    let rest = x12
        .strip_prefix(before.as_bytes())
        .expect("the envelope stands before");
    (
        rest.strip_suffix(after.as_bytes())
            .expect("the envelope stands behind")
            .to_vec(),
        findings,
    )
}

/// A case is a line: the JSON of segments, and their X12.
fn segment_cases(text: &str) -> impl Iterator<Item = (&str, String)> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| {
        let (json, x12) = line.rsplit_once(" => ").expect("a case has its X12");
        (json, x12.replace("\\n", "\n").replace("\\r", "\r"))
    })
}

#[test]
fn fields_become_elements_and_raw_is_taken_while_it_says_the_same() {
    for (json, x12) in segment_cases(include_str!("json_to_x12/segments.txt")) {
        let (written, findings) = segment(json);
        assert_eq!(String::from_utf8_lossy(&written), x12, "{json}");
        assert!(findings.is_empty(), "{json}");
    }
    let far = format!("X{}far~\n", "*".repeat(256));
    assert_eq!(segment(r#"{"seg":"X","256":"far"}"#).0, far.as_bytes());
    // é in Latin-1, and delimiters behind it: NTE*\xE9**~\n
    let latin1 = r#"{"seg":"NTE","01":"é","$raw":{"$base64":"TlRFKukqKn4K"}}"#;
    assert_eq!(segment(latin1), (b"NTE*\xE9**~\n".to_vec(), vec![]));
}

#[test]
fn parts_may_come_in_any_order() {
    let expected = format!("BEFORE{ISA_X12}\nTA1*1~\nGS*1~\nST*1~\nGE*1~\nIEA*1~AFTER");
    let inner = [
        r#""GS":{"seg":"GS","01":"1"}"#,
        r#""transactions":[{"set":"837","guide":"X","body":[{"seg":"ST","01":"1"}]}]"#,
        r#""GE":{"seg":"GE","01":"1"}"#,
    ];
    let parts = |group: &str| {
        [
            r#""$before":"BEFORE""#.to_owned(),
            format!(r#""delimiters":{DELIMITERS}"#),
            format!(r#""ISA":{ISA}"#),
            r#""body":[{"seg":"TA1","01":"1"}]"#.to_owned(),
            format!(r#""groups":[{{{group}}}]"#),
            r#""IEA":{"seg":"IEA","01":"1"}"#.to_owned(),
            r#""$after":"AFTER""#.to_owned(),
        ]
    };
    let orders = [
        [0, 1, 2, 3, 4, 5, 6],
        [6, 5, 4, 3, 2, 1, 0],
        [6, 0, 5, 2, 3, 1, 4],
        [5, 2, 3, 6, 4, 0, 1],
        [4, 0, 1, 2, 3, 5, 6],
        [1, 2, 0, 5, 3, 4, 6],
    ];
    for order in orders {
        for inner_order in [[0, 1, 2], [2, 1, 0], [1, 0, 2], [1, 2, 0], [2, 0, 1]] {
            let group = inner_order.map(|i| inner[i]).join(",");
            let parts = parts(&group);
            let interchange = order.map(|i| parts[i].as_str()).join(",");
            for json in [
                format!(r#"{{"x12":"1","interchanges":[{{{interchange}}}]}}"#),
                format!(
                    "\u{feff}\r\n{{ \"interchanges\" :\t[ {{ {interchange} }} ] , \"x12\" : \"1\" }}\n\n"
                ),
            ] {
                let (x12, findings) = write(&json)
                    .unwrap_or_else(|error| panic!("{order:?} {inner_order:?}: {error}"));
                assert_eq!(
                    String::from_utf8_lossy(&x12),
                    expected,
                    "{order:?} {inner_order:?}"
                );
                assert!(findings.is_empty());
            }
        }
    }
}

#[test]
fn lines_give_what_a_document_gives() {
    let lines = format!(
        r#"{{"open":"interchange","x12":"1","$before":{{"$base64":"/w=="}},"delimiters":{DELIMITERS},"ISA":{ISA}}}
{{"segment":{{"seg":"TA1","01":"1"}}}}
{{"open":"group","ordinal":1,"GS":{{"seg":"GS"}}}}
{{"set":"837","interchange":1,"group":1,"ordinal":1,"guide":"X","body":[{{"seg":"ST"}},["SE"]]}}
{{"close":"group","GE":{{"seg":"GE"}}}}
{{"open":"group","ordinal":2,"GS":null}}
{{"body":[["ST"]],"set":"837","ordinal":12}}
{{"close":"group"}}
{{"close":"interchange","IEA":{{"seg":"IEA"}},"$after":""}}
{{"ISA":{ISA},"delimiters":{{"element":"|","component":">","segment":"\n"}},"open":"interchange","x12":"1"}}
{{"segment":["X","1"]}}
{{"close":"interchange"}}
"#
    );
    let isa = ISA_X12.replace('*', "|").replace('~', "\n");
    let expected = [
        b"\xFF",
        format!("{ISA_X12}\nTA1*1~\nGS~\nST~\nSE~\nGE~\nST~\nIEA~{isa}X|1\n").as_bytes(),
    ]
    .concat();
    assert_eq!(write(&lines).expect("the lines are written").0, expected);
}

#[test]
fn the_suffix_of_the_last_segment_gives_way_to_what_stands_there() {
    let of = |after: &str| {
        let json = format!(
            r#"{{"x12":"1","interchanges":[{{"delimiters":{DELIMITERS},"ISA":{ISA},"body":[],"groups":[]{after}}}]}}"#
        );
        String::from_utf8(write(&json).expect("the interchange is written").0).expect("it is text")
    };
    assert_eq!(of(""), format!("{ISA_X12}\n"));
    assert_eq!(of(r#","$after":"""#), ISA_X12);
    assert_eq!(of(r#","$after":"\n\nbye""#), format!("{ISA_X12}\n\nbye"));
    assert_eq!(
        of(r#","IEA":{"seg":"IEA"},"$after":"""#),
        format!("{ISA_X12}\nIEA~")
    );
    // `$raw` has its own end of line, but an IEA's is not part of it.
    assert_eq!(
        of(r#","IEA":{"seg":"IEA","$raw":"IEA**~"}"#),
        format!("{ISA_X12}\nIEA**~\n")
    );
    assert_eq!(
        of(r#","IEA":{"seg":"IEA","$raw":"IEA**~"},"$after":"!""#),
        format!("{ISA_X12}\nIEA**~!")
    );
    assert_eq!(
        of(r#","IEA":{"seg":"IEA","$raw":"IEA"}"#),
        format!("{ISA_X12}\nIEA")
    );
}

/// An ISA with these members beside its first fifteen elements.
fn isa(members: &str) -> (String, usize) {
    let isa = ISA.replace(r#","16":":"}"#, members);
    let json =
        format!(r#"{{"x12":"1","interchanges":[{{"delimiters":{DELIMITERS},"ISA":{isa}}}]}}"#);
    let (x12, findings) = write(&json).expect("the header is written");
    (String::from_utf8(x12).expect("it is text"), findings.len())
}

#[test]
fn a_header_is_compared_by_its_widths() {
    let plain = ISA_X12.trim_end_matches(":~");
    // Its elements may hold delimiters, and it always has sixteen.
    assert_eq!(isa(r#","16":"*"}"#), (format!("{plain}*~\n"), 0));
    assert_eq!(isa("}"), (format!("{plain}~\n"), 0));
    // `$raw` of a wrapped header, of one without ISA16, and of one that was changed.
    let wrapped = ISA_X12.replace("ZZ*", "Z\nZ*");
    let raw = |raw: &str, members: &str| {
        isa(&format!(
            r#"{members},"$raw":"{}"}}"#,
            raw.replace('\n', "\\n")
        ))
    };
    assert_eq!(
        raw(&format!("{wrapped}\n"), r#","16":":""#),
        (format!("{wrapped}\n"), 0)
    );
    assert_eq!(
        raw(&format!("{plain}~ \n"), ""),
        (format!("{plain}~ \n"), 0)
    );
    assert_eq!(
        raw(&format!("{wrapped}\n"), r#","16":">""#),
        (format!("{plain}>~\n"), 1)
    );
    assert_eq!(
        raw(&format!("{}\n", wrapped.replace('*', "|")), r#","16":":""#),
        (format!("{ISA_X12}\n"), 1)
    );
}

#[test]
fn raw_that_says_something_else_gives_way_to_the_fields() {
    for (json, x12) in segment_cases(include_str!("json_to_x12/outdated.txt")) {
        let (written, findings) = segment(json);
        assert_eq!(String::from_utf8_lossy(&written), x12, "{json}");
        let [finding] = findings.as_slice() else {
            panic!("{json}: {findings:?}")
        };
        assert_eq!(
            (finding.what, finding.path.as_str()),
            (
                "raw-outdated",
                "interchanges[0].groups[0].transactions[0].body[0]"
            )
        );
        assert_eq!(
            finding.at as usize,
            document(json).find(json).expect("it is in the document")
        );
    }
    // What was in Latin-1 stays so, as far as it goes.
    let (written, findings) =
        segment(r#"{"seg":"NTE","01":"éé","$raw":{"$base64":"TlRFKukqKn4K"}}"#);
    assert_eq!(
        (written.as_slice(), findings.len()),
        (b"NTE*\xE9\xE9~\n".as_slice(), 1)
    );
    let (written, findings) =
        segment(r#"{"seg":"NTE","01":"é€","$raw":{"$base64":"TlRFKukqKn4K"}}"#);
    assert_eq!(
        (String::from_utf8_lossy(&written).as_ref(), findings.len()),
        ("NTE*é€~\n", 1)
    );
}

#[test]
fn findings_are_kept_up_to_the_limit() {
    let body = vec![r#"{"seg":"A","01":"x","$raw":"A*y~"}"#; 30].join(",");
    let mut limits = Limits::default();
    limits.findings_per_set = 7;
    let (x12, findings) = write_within(document(&body).as_bytes(), &limits).expect("it is written");
    assert_eq!(x12, around(&"A*x~\n".repeat(30)).into_bytes());
    assert_eq!(findings.len(), 7);
    assert_eq!(
        findings[6].path,
        "interchanges[0].groups[0].transactions[0].body[6]"
    );
}

#[test]
fn binary_data_pass() {
    // `~*\n` and U+00FF: nothing in them is a delimiter.
    let cases = [
        (
            r#"{"seg":"BIN","01":"4","02":{"$base64":"fioK/w=="}}"#,
            b"BIN*4*~*\n\xFF~\n".as_slice(),
        ),
        (
            r#"["BIN","4",{"$base64":"fioK/w=="}]"#,
            b"BIN*4*~*\n\xFF~\n",
        ),
        (
            r#"{"01":"4","02":{"$base64":"fioK\/w\u003d="},"seg":"BIN"}"#,
            b"BIN*4*~*\n\xFF~\n",
        ),
        (
            r#"{"seg":"BDS","02":"4","03":{"$base64":"fioK/w=="},"$tail":"~ "}"#,
            b"BDS**4*~*\n\xFF~ ",
        ),
        (
            r#"["BDS","","4",{"$base64":"fioK/w=="},{"$tail":"~ "}]"#,
            b"BDS**4*~*\n\xFF~ ",
        ),
        (
            r#"{"seg":"BIN","01":"9","02":{"$base64":""},"$tail":""}"#,
            b"BIN*9*",
        ),
        (
            r#"{"seg":"BIN","01":"0","02":{"$base64":""}}"#,
            b"BIN*0*~\n",
        ),
    ];
    for (json, x12) in cases {
        let (written, findings) = segment(json);
        assert_eq!(written, x12, "{json}");
        assert!(findings.is_empty());
    }
}

#[test]
fn large_binary_data_are_streamed() {
    let data: Vec<u8> = (0..300_000u32)
        .map(|i| (i.wrapping_mul(i) >> 5) as u8)
        .collect();
    let text = base64(&data);
    let escaped = text.replace('/', r"\/");
    for (json, tail) in [
        (
            format!(r#"{{"seg":"BIN","01":"300000","02":{{"$base64":"{text}"}}}}"#),
            "~\n",
        ),
        (
            format!(r#"["BIN","300000",{{"$base64":"{escaped}"}} , {{ "$tail" : "~~" }} ]"#),
            "~~",
        ),
        (
            format!(
                r#"{{ "seg" : "bin", "01" : "300000", "02" : {{ "$base64" : "{escaped}" }} , "$tail" : "" }}"#
            ),
            "",
        ),
    ] {
        let (written, _) = segment(&json);
        assert!(written[..3].eq_ignore_ascii_case(b"BIN"));
        assert!(written[3..] == [b"*300000*", data.as_slice(), tail.as_bytes()].concat());
    }
    let mut limits = Limits::default();
    limits.binary_bytes = 200_000;
    let json = document(&format!(
        r#"{{"seg":"BIN","01":"300000","02":{{"$base64":"{text}"}}}}"#
    ));
    let error = write_within(json.as_bytes(), &limits).expect_err("the data are too long");
    assert_eq!(
        error,
        format!(
            "binary data is over its limit of 200000, at byte {}",
            json.find(&text[..20]).expect("they stand there")
        )
    );
}

fn base64(data: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    data.chunks_exact(3)
        .flat_map(|three| {
            let bits = u32::from_be_bytes([0, three[0], three[1], three[2]]);
            [18, 12, 6, 0].map(|shift| char::from(LETTERS[(bits >> shift & 63) as usize]))
        })
        .collect()
}

/// A case is a line: JSON with a mark `¦` at the byte that is told, what is told, and where.
fn cases(text: &str) -> impl Iterator<Item = (&str, &str, &str)> {
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let (rest, path) = line.rsplit_once(" =>").expect("a case has a path");
            let (json, what) = rest.rsplit_once(" => ").expect("a case has a message");
            (json, what, path.trim())
        })
}

fn is_told(json: &str, what: &str, path: &str) {
    let at = json.find('¦').expect("the place is marked");
    let path = if path.is_empty() {
        String::new()
    } else {
        format!(" ({path})")
    };
    let told = write(&json.replace('¦', "")).expect_err(json);
    assert_eq!(
        told,
        format!("{what}, at byte {at} of the JSON{path}"),
        "{json}"
    );
}

#[test]
fn what_cannot_be_written_is_told_with_its_place() {
    let body = "interchanges[0].groups[0].transactions[0].body";
    for (json, what, path) in cases(include_str!("json_to_x12/body.txt")) {
        is_told(&document(json), what, &format!("{body}{path}"));
    }
    for (json, what, path) in cases(include_str!("json_to_x12/whole.txt")) {
        let json = json.replace("DOCUMENT", &document(r#"{"seg":"A"}"#));
        is_told(
            &json
                .replace("DELIMITERS", DELIMITERS)
                .replace("\"ISA\":ISA", &format!("\"ISA\":{ISA}")),
            what,
            path,
        );
    }
    is_told("¦", "the JSON ends too early", "");
    is_told(" \n¦", "the JSON ends too early", "");
}

#[test]
fn bytes_that_are_not_utf_8_are_told() {
    let json = document(r#"{"seg":"A","01":"x¦"}"#);
    let at = json.find('¦').expect("the place is marked");
    let json = [&json.as_bytes()[..at], b"\xFF", &json.as_bytes()[at + 2..]].concat();
    let error = write_within(&json, &Limits::default()).expect_err("it is no JSON");
    assert_eq!(
        error,
        format!(
            "the JSON is not UTF-8, at byte {at} of the JSON (interchanges[0].groups[0].transactions[0].body[0].01)"
        )
    );
}

#[test]
fn json_that_is_cut_off_anywhere_is_told_or_whole() {
    let json = document(
        r#"{"loop":"2000","body":[{"seg":"HI","01":["A","é\u0041"]},{"seg":"BIN","01":"3","02":{"$base64":"AAAA"}}]}"#,
    );
    for end in 0..json.len() {
        let mut x12 = Vec::new();
        let error = to_x12(&json.as_bytes()[..end], &mut x12, &Limits::default())
            .expect_err("it is cut off");
        let Error::Json {
            what: "the JSON ends too early",
            at,
            ..
        } = error
        else {
            panic!("cut at {end}: {error}")
        };
        assert_eq!(at as usize, end);
    }
    assert!(write(&json).is_ok());
}

#[test]
fn reaching_a_limit_is_told() {
    let mut limits = Limits::default();
    limits.json_depth = 12;
    let deep = format!("{}{}", r#"{"loop":"A","body":["#.repeat(3), "]}".repeat(3));
    let error = write_within(document(&deep).as_bytes(), &limits).expect_err("it is too deep");
    assert_eq!(
        error,
        format!(
            "nesting of the JSON is over its limit of 12, at byte {}",
            document(&deep)
                .rfind(r#"{"loop""#)
                .expect("it stands there")
        )
    );
    limits.json_depth = 14;
    assert!(write_within(document(&deep).as_bytes(), &limits).is_ok());

    let mut limits = Limits::default();
    limits.json_token_bytes = 1000;
    for (length, fits) in [(1000, true), (1001, false)] {
        let json = document(&format!(r#"{{"seg":"A","01":"{}"}}"#, "x".repeat(length)));
        let written = write_within(json.as_bytes(), &limits);
        assert_eq!(written.is_ok(), fits, "{written:?}");
    }
    // Nine strings, each within the limit, but the segment is not.
    let json = document(&format!(
        r#"["A"{}]"#,
        format!(r#","{}""#, "x".repeat(300)).repeat(9)
    ));
    let error = write_within(json.as_bytes(), &limits).expect_err("the segment is too long");
    assert_eq!(
        error,
        format!(
            "length of a JSON item is over its limit of 2000, at byte {}",
            json.find(r#"["A"#).expect("it stands there")
        )
    );
}

/// Groups before the delimiters are held only up to the limit; without GS, what is too long to be held is taken as it comes.
#[test]
fn parts_out_of_turn_are_held_up_to_a_limit() {
    let mut limits = Limits::default();
    limits.json_token_bytes = 1000;
    let sets = vec![r#"{"set":"837","body":[{"seg":"A"}]}"#; 100].join(",");
    let json = format!(
        r#"{{"x12":"1","interchanges":[{{"groups":[{{"transactions":[{sets}]}}],"delimiters":{DELIMITERS},"ISA":{ISA}}}]}}"#
    );
    let error = write_within(json.as_bytes(), &limits).expect_err("the groups cannot be held");
    assert_eq!(
        error,
        format!(
            "length of a JSON value is over its limit of 1000, at byte {}",
            json.find("[{\"tr").expect("it stands there")
        )
    );
    for close in ["", r#","GE":{"seg":"GE"}"#] {
        let json = format!(
            r#"{{"x12":"1","interchanges":[{{"delimiters":{DELIMITERS},"ISA":{ISA},"groups":[{{"transactions":[{sets}]{close}}}],"body":[]}}]}}"#
        );
        let error = write_within(json.as_bytes(), &limits).expect_err("the body comes too late");
        assert!(error.starts_with("this part comes too late"), "{error}");
        let (x12, _) = write_within(json.replace(r#","body":[]"#, "").as_bytes(), &limits)
            .expect("nothing comes too late");
        let end = if close.is_empty() { "" } else { "GE~\n" };
        assert_eq!(
            String::from_utf8_lossy(&x12),
            format!("{ISA_X12}\n{}{end}", "A~\n".repeat(100))
        );
    }
}

#[test]
fn no_value_reaches_an_error() {
    for json in [
        r#"{"seg":"A","01":"CANARY*"}"#,
        r#"{"seg":"A","CANARY":"x"}"#,
        r#"{"seg":"A","01":CANARY}"#,
        r#"{"CANARY":"x"}"#,
    ] {
        let error = write(&document(json)).expect_err("it cannot be written");
        assert!(!error.contains("CANARY"), "{error}");
    }
}
