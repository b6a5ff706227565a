//! Rules over several segments: a guide of our own with every kind of them, and cases with what is told.

use std::sync::Arc;

use x12_parser::{Catalog, Options, validate};

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

const GUIDE: &str = include_str!("rules/guide.kdl");
const LISTS: &str = include_str!("rules/lists.kdl");
const CASES: &str = include_str!("rules/cases.txt");

fn options() -> Result<Options> {
    let catalog = Catalog::builtin();
    let guide = catalog
        .compile("guide.kdl", GUIDE)
        .map_err(|errors| format!("{errors:#?}"))?;
    let lists = catalog
        .compile_lists("lists.kdl", LISTS)
        .map_err(|errors| format!("{errors:#?}"))?;
    let catalog = lists.into_iter().fold(catalog, Catalog::with_list);
    let mut options = Options::default();
    options.catalog = Arc::new(catalog.with(guide));
    Ok(options)
}

/// A document whose one transaction set holds this; without a trailer of it if it is to break off.
fn document(inside: &str, is_whole: bool) -> String {
    let segments = inside.matches('~').count() + 2;
    let trailer = match is_whole {
        true => format!("SE*{segments}*0001~"),
        false => String::new(),
    };
    format!(
        "ISA*00*          *00*          *ZZ*MADEUPSENDER   *ZZ*MADEUPRECEIVER *261123*1200*^*00501*000000001*0*T*:~\
         GS*ZZ*A*B*20261123*1200*7*X*005010T002~ST*901*0001*005010T002~{inside}{trailer}GE*1*7~IEA*1*000000001~"
    )
}

/// What the rules say, in lines.
fn told(document: &str, options: &Options) -> Result<Vec<String>> {
    let mut told = Vec::new();
    validate(document.as_bytes(), options, |finding| {
        if finding.rule().is_some() {
            let codes = finding.acknowledgment();
            let line = format!(
                "{} {} segment {} {} {} {} {}",
                finding.name(),
                finding.path(),
                finding.segment,
                finding.severity.name(),
                finding.snip(),
                codes.ik304,
                codes.ik403
            );
            told.push(line.trim_end().to_owned());
        }
        Ok(())
    })?;
    told.sort();
    Ok(told)
}

struct Case {
    name: &'static str,
    inside: String,
    expected: Vec<String>,
}

fn cases() -> Vec<Case> {
    let case = |text: &'static str| {
        let mut lines = text.lines();
        let name = lines.next().unwrap_or_default();
        let (inside, expected): (Vec<_>, Vec<_>) = lines
            .filter(|line| !line.is_empty())
            .partition(|line| line.ends_with('~'));
        let mut expected: Vec<_> = expected.into_iter().map(str::to_owned).collect();
        expected.sort();
        Case {
            name,
            inside: inside.concat(),
            expected,
        }
    };
    CASES.split("\n== ").skip(1).map(case).collect()
}

#[test]
fn cases_say_what_is_broken() -> Result {
    let options = options()?;
    let mut wrong = Vec::new();
    for Case {
        name,
        inside,
        expected,
    } in cases()
    {
        let found = told(&document(&inside, true), &options)?;
        if found != expected {
            wrong.push(format!("{name}: {found:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

#[test]
fn every_rule_is_broken_by_a_case() -> Result {
    let catalog = Catalog::builtin();
    let guide = catalog
        .compile("guide.kdl", GUIDE)
        .map_err(|errors| format!("{errors:#?}"))?;
    let broken: Vec<_> = cases().into_iter().flat_map(|case| case.expected).collect();
    for rule in &guide.rules {
        let is_broken = broken
            .iter()
            .any(|line| line.split(' ').next() == Some(&rule.id));
        assert!(is_broken, "no case breaks {}", rule.id);
    }
    Ok(())
}

#[test]
fn threads_and_blocks_change_nothing() -> Result {
    let inside: String = cases()
        .into_iter()
        .map(|case| case.inside.replace("BHT*0019*00*1~", ""))
        .collect();
    let document = document(&format!("BHT*0019*00*1~{}", inside.repeat(20)), true);
    let mut options = options()?;
    let whole = told(&document, &options)?;
    assert!(whole.len() > 100, "{}", whole.len());
    for (threads, block_bytes) in [(1, 1), (1, 64), (2, 200), (3, 1 << 16)] {
        (options.threads, options.block_bytes) = (threads, block_bytes);
        assert_eq!(told(&document, &options)?, whole, "{threads} {block_bytes}");
    }
    Ok(())
}

#[test]
fn nothing_is_held_against_a_set_that_breaks_off() -> Result {
    let inside = "BHT*0019*00*1~CLM*A*100~LX*1~SV1*HC:1*60~";
    assert_eq!(told(&document(inside, true), &options()?)?.len(), 1);
    assert_eq!(
        told(&document(inside, false), &options()?)?,
        Vec::<String>::new()
    );
    Ok(())
}
