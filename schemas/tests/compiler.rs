//! The compiler of the guide language, held to the files of `tests/compiler`.
//!
//! `ok/*.kdl` must compile to the `.table` beside it, `broken/*.kdl` must fail with the messages of the `.error` beside it. A name that
//! begins with `envelope-`, `standard-`, `lists-` or `overlay-` says what the file is (an overlay lies over `ok/rules.kdl`); all others are
//! guides over `standard.kdl`. `BLESS=1 cargo test`
//! rewrites what is expected, to be reviewed like code.

#![expect(clippy::unwrap_used, reason = "a test that finds nothing fails")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use x12_schemas::compiler::{self, Error, File, Standard};
use x12_schemas::table::{
    CodeList, Decision, Element, Filled, Gathers, Group, Guide, Item, Key, Loop, NONE, Note,
    Reading, Segment, SituationRule, Time, Unit,
};

#[test]
fn good_files_compile_to_their_tables() {
    for path in files("ok") {
        let table = match compile(&path) {
            Ok(table) => table,
            Err(errors) => panic!("{}", lines(&errors)),
        };
        expect(&path.with_extension("table"), &table);
    }
}

#[test]
fn broken_files_name_every_fault_and_its_place() {
    for path in files("broken") {
        let errors = compile(&path)
            .err()
            .unwrap_or_else(|| panic!("{} compiles", path.display()));
        expect(&path.with_extension("error"), &lines(&errors));
    }
}

#[test]
fn deep_text_is_an_error_and_no_overflow() {
    for text in [
        "a {".repeat(100_000),
        "/*".repeat(100_000),
        "a \"}\" {\n".repeat(100_000),
    ] {
        let errors = compiler::guide(
            File {
                name: "deep.kdl",
                text: &text,
            },
            &[toy()],
        )
        .expect_err("it is too deep");
        assert!(errors[0].message.contains("deeper"), "{}", errors[0]);
    }
}

#[test]
fn loops_that_multiply_end_in_an_error() {
    for (levels, expected) in [(12, "more than 4096 loops"), (40, "deeper than 32")] {
        let start = "segment ST R { ST01 R }";
        let mut text =
            format!("guide T standard=toy set=X group=X {{ {start}; use L0\nshared {{\n");
        for (level, next) in (0..levels).zip(1..) {
            let _ = writeln!(
                text,
                "loop L{level} R {{ {start}; use L{next}; loop M R {{ {start}; use L{next} }} }}"
            );
        }
        let _ = writeln!(text, "loop L{levels} R {{ {start} }}\n}}\n}}");
        let errors = compiler::guide(
            File {
                name: "many.kdl",
                text: &text,
            },
            &[toy()],
        )
        .expect_err("it is too large");
        assert_eq!(errors.len(), 1);
        assert!(errors[0].message.contains(expected), "{}", errors[0]);
    }
}

#[test]
fn any_cut_of_a_guide_is_an_error_and_no_panic() {
    let text = fs::read_to_string(folder("ok").join("every-feature.kdl")).unwrap();
    let standard = toy();
    for end in (0..text.len() - 2)
        .step_by(37)
        .filter(|&end| text.is_char_boundary(end))
    {
        let cut = File {
            name: "cut.kdl",
            text: &text[..end],
        };
        assert!(compiler::guide(cut, [&standard]).is_err(), "cut at {end}");
    }
}

/// What a file compiles to, in lines that can be read.
fn compile(path: &Path) -> Result<String, Vec<Error>> {
    let text = fs::read_to_string(path).unwrap();
    let name = path.file_name().unwrap().to_str().unwrap();
    let file = File { name, text: &text };
    if name.starts_with("envelope-") {
        return compiler::envelope(file).map(|guide| outline(&guide));
    }
    if name.starts_with("overlay-") {
        let text = fs::read_to_string(folder("ok/rules.kdl")).unwrap();
        let base = File {
            name: "rules.kdl",
            text: &text,
        };
        let base = compiler::guide(base, &[toy()]).unwrap();
        let bases = |id: &str| match id {
            "twins" => vec![
                base.clone(),
                Guide {
                    set: "889".to_owned(),
                    ..base
                },
            ],
            _ => Vec::from_iter((base.id == id).then_some(base)),
        };
        return compiler::overlay(file, bases).map(|guide| outline(&guide));
    }
    if name.starts_with("standard-") {
        return compiler::standard("broken", &[file]).map(|_| String::new());
    }
    if name.starts_with("lists-") {
        return compiler::lists(file).map(|lists| lists.iter().map(list).collect());
    }
    compiler::guide(file, &[toy()]).map(|guide| outline(&guide))
}

fn toy() -> Standard {
    let text = fs::read_to_string(folder("standard.kdl")).unwrap();
    let standard = compiler::standard(
        "toy",
        &[File {
            name: "standard.kdl",
            text: &text,
        }],
    );
    standard.unwrap_or_else(|errors| panic!("{}", lines(&errors)))
}

fn lines(errors: &[Error]) -> String {
    errors.iter().map(|error| format!("{error}\n")).collect()
}

fn expect(path: &Path, found: &str) {
    if env::var_os("BLESS").is_some() {
        fs::write(path, found).unwrap();
    }
    let expected = fs::read_to_string(path).unwrap_or_default();
    assert_eq!(
        found,
        expected,
        "{} differs; BLESS=1 rewrites it",
        path.display()
    );
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/compiler")
        .join(name)
}

fn files(name: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder(name))
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries
        .filter(|path| path.extension().is_some_and(|extension| extension == "kdl"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "no cases in {name}");
    files
}

/// An external code list in a line.
fn list(list: &CodeList) -> String {
    let CodeList {
        name,
        source,
        date,
        codes,
        times,
        shape,
    } = list;
    let mut line = format!("{name} of {date} from {source}: {codes:?}\n");
    for Time { code, from, to } in times {
        let _ = writeln!(line, "    {code} from `{from}` to `{to}`");
    }
    if let Some(shape) = shape {
        let _ = writeln!(line, "    shape {}: {:?}", shape.text, shape.rows);
    }
    line
}

/// All that the tables of a guide hold, in lines that can be read.
fn outline(guide: &Guide) -> String {
    let Guide {
        id,
        standard,
        set,
        group,
        label,
        aliases,
        ..
    } = guide;
    let mut out = format!(
        "{id} standard={standard} set={set} group={group} label={label} aliases={aliases:?}"
    );
    let _ = writeln!(out, " by-set={}", guide.identified_by_set);
    for Decision {
        at,
        attribute,
        reason,
    } in &guide.decisions
    {
        let _ = writeln!(out, "decision {at} {attribute}: {reason}");
    }
    out.push_str("\nloops\n");
    for index in 0..guide.loops.len() {
        write_loop(&mut out, guide, index);
    }
    out.push_str("\nsegments\n");
    for index in 0..guide.segments.len() {
        write_segment(&mut out, guide, index);
    }
    for rule in &guide.rules {
        write_rule(&mut out, guide, rule);
    }
    for (role, places) in &guide.roles {
        let _ = writeln!(out, "\nrole {role:?}");
        for place in places {
            let _ = writeln!(out, "    {place:?}");
        }
    }
    for severity in &guide.severities {
        let _ = writeln!(out, "severity {}: {:?}", severity.finding, severity.grade);
    }
    out
}

fn write_rule(out: &mut String, guide: &Guide, rule: &SituationRule) {
    let SituationRule {
        id,
        grade,
        snip,
        ik304,
        ik403,
        stc,
        scopes,
        anchor,
        ..
    } = rule;
    let _ = writeln!(
        out,
        "\nrule `{id}` {grade:?} snip {snip} `{ik304}` `{ik403}` `{stc}` in loops {scopes:?} told at cell {anchor}"
    );
    let _ = writeln!(out, "    {} ({})", rule.message, rule.source);
    for (number, cell) in rule.cells.iter().enumerate() {
        let _ = writeln!(out, "    cell {number} gathers {:?}", cell.gathers);
        if let Gathers::Codes(codes) = cell.gathers {
            let _ = writeln!(out, "        {:?}", guide.codes.get(usize::from(codes)));
        }
        let _ = writeln!(out, "        begins with loops {:?}", cell.scopes);
        match cell.gathers {
            Gathers::Matches(pattern) => {
                let _ = writeln!(
                    out,
                    "        {:?}",
                    guide.patterns.get(usize::from(pattern))
                );
            }
            Gathers::Listed(list) | Gathers::InForce(list) => {
                let _ = writeln!(out, "        {:?}", guide.lists.get(usize::from(list)));
            }
            _ => {}
        }
        let names = cell.parties.iter().flat_map(|parties| &parties.names);
        for reading in &cell.readings {
            write_reading(out, guide, "", reading);
        }
        for reading in names {
            write_reading(out, guide, "party ", reading);
        }
    }
    let _ = writeln!(out, "    when {:?}", rule.when);
    let _ = writeln!(out, "    require {:?}", rule.require);
}

fn write_reading(out: &mut String, guide: &Guide, word: &str, reading: &Reading) {
    let Reading {
        loop_index,
        segment,
        element,
        component,
        step,
        times,
        filters,
    } = reading;
    let _ = write!(
        out,
        "        {word}loop {loop_index} segment {segment} element {element}-{component}"
    );
    if *times > 1 {
        let _ = write!(out, " and {times} times every {step}");
    }
    for filter in filters {
        let codes = guide.codes.get(usize::from(filter.codes));
        let _ = write!(
            out,
            " if {}-{} step {} is {}one of {codes:?}",
            filter.element,
            filter.component,
            filter.step,
            if filter.negated { "not " } else { "" }
        );
    }
    out.push('\n');
}

fn write_loop(out: &mut String, guide: &Guide, index: usize) {
    let Loop {
        id,
        path,
        label,
        depth,
        ..
    } = &guide.loops[index];
    let Loop {
        parent,
        hierarchical,
        record,
        ..
    } = guide.loops[index];
    let parent = (parent != NONE).then_some(parent);
    let _ = writeln!(
        out,
        "{index} `{id}` /{path} in {parent:?} depth {depth} label `{label}`"
    );
    if hierarchical || record.is_some() {
        let _ = writeln!(out, "    hierarchical {hierarchical} record {record:?}");
    }
    for item in run(
        &guide.items,
        guide.loops[index].first_item,
        guide.loops[index].item_count,
    ) {
        let Item {
            position,
            child,
            segment,
            usage,
            max,
            many,
        } = *item;
        // Mostly the one follows from the other.
        let named = if many == (max != 1) {
            ""
        } else {
            " named otherwise"
        };
        let child = match child {
            NONE => String::new(),
            child => format!("loop {child} by "),
        };
        let _ = writeln!(
            out,
            "    @{position} {child}segment {segment} {usage:?} x{max}{named}"
        );
    }
}

fn write_segment(out: &mut String, guide: &Guide, index: usize) {
    let segment = &guide.segments[index];
    let counts = match segment.counter {
        0 => String::new(),
        counter => format!(" counts by {counter}"),
    };
    let _ = writeln!(
        out,
        "{index} {} label `{}`{counts}",
        segment.id, segment.label
    );
    out.push_str(if segment.hierarchical {
        "    hierarchical\n"
    } else {
        ""
    });
    for Key {
        element,
        component,
        codes,
    } in &segment.keys
    {
        let _ = writeln!(
            out,
            "    key {element}-{component} {:?}",
            guide.codes.get(usize::from(*codes))
        );
    }
    if let Some(Unit { name, element }) = &segment.unit {
        let _ = writeln!(out, "    unit `{name}` of {element}");
    }
    for Group {
        label,
        first,
        size,
        times,
    } in &segment.groups
    {
        let _ = writeln!(
            out,
            "    every {size} from {first} times {times} label `{label}`"
        );
    }
    for Note {
        rule,
        first,
        elements,
    } in run(&guide.notes, segment.first_note, segment.note_count)
    {
        let _ = writeln!(out, "    {rule:?} first {first} bits {elements:b}");
    }
    write_elements(out, guide, segment);
}

fn write_elements(out: &mut String, guide: &Guide, segment: &Segment) {
    let elements = run(
        &guide.elements,
        segment.first_element,
        segment.element_count,
    );
    for (number, element) in elements.iter().enumerate() {
        write_element(out, guide, element, &format!("    {:02}", number + 1));
        let components = run(
            &guide.components,
            element.first_component,
            element.component_count,
        );
        for (number, component) in components.iter().enumerate() {
            write_element(out, guide, component, &format!("      -{}", number + 1));
        }
    }
}

fn write_element(out: &mut String, guide: &Guide, element: &Element, name: &str) {
    let Element {
        usage,
        data_element,
        kind,
        min,
        max,
        repeat,
        label,
        phi,
        ..
    } = element;
    let _ = write!(
        out,
        "{name} {usage:?} {data_element} {kind:?} {min}..{max} x{repeat} `{label}` {phi:?}"
    );
    if let Some(codes) = guide.codes.get(usize::from(element.codes)) {
        let _ = write!(out, " {codes:?}");
    }
    if !element.list.is_empty() {
        let _ = write!(out, " list {}", element.list);
    }
    if element.format_by != 0 {
        let _ = write!(out, " format by {}", element.format_by);
    }
    if !matches!(element.filled, Filled::Not | Filled::Unnamed) {
        let _ = write!(out, " filled by {:?}", element.filled);
    }
    out.push('\n');
}

/// The entries of a table that belong together.
fn run<T>(table: &[T], first: u16, count: u16) -> &[T] {
    &table[usize::from(first)..][..usize::from(count)]
}
