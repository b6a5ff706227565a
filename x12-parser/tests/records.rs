//! Lines of records: which loops they are is the guide's to say, so here is a guide of our own.

use std::sync::Arc;

use serde_json::Value;
use x12_parser::{Catalog, Error, Options, Per, Shape, to_json};

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Departments with members, who have claims; a note may follow the departments.
const GUIDE: &str = r#"
guide "005010T001" standard="005010" set="900" group="ZZ" label=roster {
    source "made up"
    segment ST R { ST01 R "900"; ST02 R; ST03 R "005010T001" }
    loop "1000" R label=sponsor { segment N1 R { N101 R "P5"; N102 R } }
    loop "2000" R max=many label=department {
        segment HL R { HL01 R; HL03 R "20" }
        segment NTE S { NTE02 R }
        loop "2100" S max=many label=member record=member {
            segment NM1 R { NM101 R "IL"; NM102 R "1"; NM103 R }
            loop "2200" S max=many label=claim record=claim {
                segment LX R { LX01 R }
                loop "2210" S max=many label=service { segment DTP R { DTP01 R "472"; DTP02 R "D8"; DTP03 R } }
            }
        }
        loop "2300" S label=contact { segment PER R { PER01 R "IC" } }
    }
    segment TRN S { TRN01 R "1"; TRN02 R }
    segment SE R { SE01 R; SE02 R }
}
"#;

const SET: &str = "ST*900*0001*005010T001~N1*P5*SPONSOR~\
HL*1**20~NTE**FIRST~NM1*IL*1*ANN~LX*1~DTP*472*D8*20261101~DTP*472*D8*20261102~LX*2~NM1*IL*1*BEN~PER*IC~\
HL*2**20~NTE**EMPTY~\
HL*3**20~NM1*IL*1*CID~LX*1~TRN*1*BEHIND~SE*18*0001~";

fn options() -> Result<Options> {
    let catalog = Catalog::builtin();
    let guide = catalog
        .compile("roster.kdl", GUIDE)
        .map_err(|errors| format!("{errors:?}"))?;
    let mut options = Options::default();
    options.catalog = Arc::new(catalog.with(guide));
    Ok(options)
}

fn document(sets: &str) -> String {
    format!(
        "ISA*00*          *00*          *ZZ*MADEUPSENDER   *ZZ*MADEUPRECEIVER *261123*1200*^*00501*000000001*0*T*:~\
         GS*ZZ*A*B*20261123*1200*7*X*005010T001~{sets}GE*1*7~IEA*1*000000001~"
    )
}

/// The lines of a document, the same by every road.
fn lines(document: &str, per: Per, options: &Options) -> (Vec<Value>, Option<String>) {
    let write = |threads, block_bytes| {
        let mut options = options.clone();
        (options.threads, options.block_bytes) = (threads, block_bytes);
        let mut json = Vec::new();
        let end = to_json(document.as_bytes(), &mut json, Shape::Loops, per, &options);
        let end = end.err().map(|error| error.to_string());
        (String::from_utf8_lossy(&json).into_owned(), end)
    };
    let (json, end) = write(1, 1 << 17);
    for (threads, block_bytes) in [(1, 1), (1, 64), (1, 200), (2, 64), (3, 1 << 17)] {
        assert_eq!(write(threads, block_bytes), (json.clone(), end.clone()));
    }
    let line = |line| serde_json::from_str(line).expect("a line is JSON");
    (json.lines().map(line).collect(), end)
}

/// A line in short: what it is, its context and its own parts, loops in brackets.
fn short(line: &Value) -> Option<String> {
    let kind = ["record", "outside", "verdict"]
        .into_iter()
        .find(|kind| !line[kind].is_null())?;
    let mut text = format!("{kind} {}", line[kind].as_str()?);
    for key in ["ordinal", "records", "errors", "reason"] {
        if !line[key].is_null() {
            text += &format!(" {key}={}", line[key]);
        }
    }
    text += &format!(" |{}", body(&line["context"]));
    if !line["loop"].is_null() {
        text += &format!(" | {}:{}", line["loop"].as_str()?, body(&line["body"]));
    }
    Some(text)
}

fn body(body: &Value) -> String {
    let item = |item: &Value| match item["loop"].as_str() {
        Some(id) => format!(" ({id}:{})", body_of(item)),
        None => format!(" {}", item["seg"].as_str().unwrap_or_default()),
    };
    body.as_array().into_iter().flatten().map(item).collect()
}

fn body_of(item: &Value) -> String {
    body(&item["body"])
}

#[test]
fn members_stand_in_their_departments() -> Result {
    let (lines, end) = lines(&document(SET), Per::Member, &options()?);
    assert_eq!(end, None);
    assert_eq!(
        lines.iter().filter_map(short).collect::<Vec<_>>(),
        [
            "record member ordinal=1 | ST (1000: N1) (2000: HL NTE) | 2100: NM1 (2200: LX (2210: DTP) (2210: DTP)) (2200: LX)",
            "record member ordinal=2 | ST (1000: N1) (2000: HL NTE) | 2100: NM1",
            "outside member | ST (1000: N1) (2000: HL NTE (2300: PER))",
            "outside member | ST (1000: N1) (2000: HL NTE)",
            "record member ordinal=3 | ST (1000: N1) (2000: HL) | 2100: NM1 (2200: LX)",
            "verdict accepted records=3 errors=0 | ST (1000: N1) TRN SE",
        ]
    );
    Ok(())
}

#[test]
fn claims_stand_with_their_members() -> Result {
    let (lines, end) = lines(&document(SET), Per::Claim, &options()?);
    assert_eq!(end, None);
    assert_eq!(
        lines.iter().filter_map(short).collect::<Vec<_>>(),
        [
            "record claim ordinal=1 | ST (1000: N1) (2000: HL NTE (2100: NM1)) | 2200: LX (2210: DTP) (2210: DTP)",
            "record claim ordinal=2 | ST (1000: N1) (2000: HL NTE (2100: NM1)) | 2200: LX",
            "outside claim | ST (1000: N1) (2000: HL NTE (2100: NM1))",
            "outside claim | ST (1000: N1) (2000: HL NTE (2300: PER))",
            "outside claim | ST (1000: N1) (2000: HL NTE)",
            "record claim ordinal=3 | ST (1000: N1) (2000: HL (2100: NM1)) | 2200: LX",
            "verdict accepted records=3 errors=0 | ST (1000: N1) TRN SE",
        ]
    );
    Ok(())
}

#[test]
fn every_line_says_whose_it_is() -> Result {
    let second = SET.replace("0001~", "0002~").replace("0001*", "0002*");
    let (lines, _) = lines(
        &document(&format!("{SET}{second}")),
        Per::Member,
        &options()?,
    );
    let of_second: Vec<_> = lines.iter().filter(|line| line["set"] == 2).collect();
    assert_eq!(of_second.len(), 6);
    for line in of_second {
        for (key, value) in [("isa13", "000000001"), ("gs06", "7"), ("st01", "900")] {
            assert_eq!(line[key], value);
        }
        assert_eq!(
            (&line["st02"], &line["guide"]),
            (&"0002".into(), &"005010T001".into())
        );
        assert_eq!(
            (&line["interchange"], &line["group"]),
            (&1.into(), &1.into())
        );
    }
    Ok(())
}

#[test]
fn a_set_without_records_says_why() -> Result {
    let verdict = |sets: &str| -> Result<Vec<String>> {
        let (lines, _) = lines(&document(sets), Per::Member, &options()?);
        Ok(lines.iter().filter_map(short).collect())
    };
    assert_eq!(
        verdict("ST*900*0001*005010T001~N1*P5*SPONSOR~SE*3*0001~")?,
        ["verdict rejected records=0 errors=1 reason=\"set-without-records\" | ST (1000: N1) SE"]
    );
    assert_eq!(
        verdict("ST*899*0001~NM1*IL~SE*3*0001~")?,
        ["verdict rejected records=0 errors=1 reason=\"guide-unknown\" |"]
    );
    assert_eq!(
        verdict("ST*999*0001*005010X231A1~LX*1~SE*3*0001~")?
            .iter()
            .filter(|line| line.contains("reason=\"guide-without-records\" |"))
            .count(),
        1
    );
    Ok(())
}

#[test]
fn a_set_that_breaks_off_has_no_verdict_but_its_lines() -> Result {
    let mut options = options()?;
    options.limits.segment_bytes = 200;
    let long = SET.replace("BEHIND", &"X".repeat(300));
    let (lines, end) = lines(&document(&long), Per::Member, &options);
    assert!(end.is_some_and(|end| end.contains("limit")));
    let kinds: Vec<_> = lines.iter().filter_map(short).collect();
    assert!(
        kinds.iter().all(|line| !line.starts_with("verdict")),
        "{kinds:?}"
    );
    Ok(())
}

#[test]
fn what_is_too_large_is_a_named_error_at_its_place() -> Result {
    let document = document(SET);
    let mut options = options()?;
    options.limits.record_bytes = 100;
    let (before, end) = lines(&document, Per::Member, &options);
    let at = document.find("NM1*IL*1*ANN").ok_or("no ANN")?;
    assert_eq!(
        end,
        Some(format!(
            "length of a record is over its limit of 100, at byte {at}"
        ))
    );
    assert_eq!(before.len(), 2, "the envelope was written");

    let mut options = self::options()?;
    options.limits.context_bytes = 100;
    let error = to_json(
        document.as_bytes(),
        std::io::sink(),
        Shape::Loops,
        Per::Member,
        &options,
    );
    let set = document.find("ST*").ok_or("no ST")? as u64;
    assert!(matches!(
        error,
        Err(Error::Limit { limit: "what stands around a record", max: 100, at }) if at == set
    ));
    Ok(())
}
