//! The compiler of the guide language, held to the files of `tests/compiler`.
//!
//! `ok/*.kdl` must compile to the `.table` beside it, `broken/*.kdl` must fail with the messages of the `.error` beside it. A name that
//! begins with `envelope-` or `standard-` says what the file is; all others are guides over `standard.kdl`. `BLESS=1 cargo test`
//! rewrites what is expected, to be reviewed like code.

#![expect(clippy::unwrap_used, reason = "a test that finds nothing fails")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use x12_schemas::compiler::{self, Error, File, Standard};
use x12_schemas::table::{Element, Guide, NONE, Usage};

#[test]
fn good_files_compile_to_their_tables() {
    for path in files("ok") {
        let table = match compile(&path) {
            Ok(guide) => outline(&guide),
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
    let mut text = String::from(
        "guide \"T\" standard=toy set=X group=X { segment ST R { ST01 R }; use L0\nshared {\n",
    );
    for level in 0..30 {
        let next = level + 1;
        let start = "segment ST R { ST01 R }";
        let _ = writeln!(
            text,
            "loop L{level} R {{ {start}; use L{next}; loop M R {{ {start}; use L{next} }} }}"
        );
    }
    text.push_str("loop L30 R { segment ST R { ST01 R } }\n}\n}\n");
    let errors = compiler::guide(
        File {
            name: "many.kdl",
            text: &text,
        },
        &[toy()],
    )
    .expect_err("it is too large");
    assert_eq!(errors.len(), 1);
    assert!(
        errors[0].message.contains("deeper than 32")
            || errors[0].message.contains("more than 4096"),
        "{}",
        errors[0]
    );
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

fn compile(path: &Path) -> Result<Guide, Vec<Error>> {
    let text = fs::read_to_string(path).unwrap();
    let name = path.file_name().unwrap().to_str().unwrap();
    let file = File { name, text: &text };
    if name.starts_with("envelope-") {
        return compiler::envelope(file);
    }
    if name.starts_with("standard-") {
        return compiler::standard("broken", &[file]).map(|_| Guide::default());
    }
    compiler::guide(file, &[toy()])
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

/// All that the tables of a guide hold, in lines that can be read.
fn outline(guide: &Guide) -> String {
    let Guide {
        id,
        standard,
        set,
        group,
        label,
        aliases,
        identified_by_set,
        decisions,
        ..
    } = guide;
    let mut out = format!(
        "{id} standard={standard} set={set} group={group} label={label} aliases={aliases:?} by-set={identified_by_set}\n"
    );
    for decision in decisions {
        let _ = writeln!(
            out,
            "decision {} {}: {}",
            decision.at, decision.attribute, decision.reason
        );
    }
    out.push_str("\nloops\n");
    for (index, a_loop) in guide.loops.iter().enumerate() {
        let parent = if a_loop.parent == NONE {
            "-".to_owned()
        } else {
            a_loop.parent.to_string()
        };
        let path = &a_loop.path;
        let _ = write!(
            out,
            "{index} `{}` /{path} in {parent} depth {} label `{}`",
            a_loop.id, a_loop.depth, a_loop.label
        );
        let _ = writeln!(
            out,
            "{} {:?}",
            if a_loop.hierarchical {
                " hierarchical"
            } else {
                ""
            },
            a_loop.record
        );
        let first = usize::from(a_loop.first_item);
        for item in &guide.items[first..first + usize::from(a_loop.item_count)] {
            let what = if item.child == NONE {
                "segment".to_owned()
            } else {
                format!("loop {} by", item.child)
            };
            let _ = writeln!(
                out,
                "    @{} {what} {} {} x{}",
                item.position,
                item.segment,
                usage(item.usage),
                item.max
            );
        }
    }
    out.push_str("\nsegments\n");
    for index in 0..guide.segments.len() {
        segment(&mut out, guide, index);
    }
    out
}

fn segment(out: &mut String, guide: &Guide, index: usize) {
    let segment = &guide.segments[index];
    let _ = write!(out, "{index} {} label `{}`", segment.id, segment.label);
    for key in &segment.keys {
        let _ = write!(
            out,
            " key {}-{} {:?}",
            key.element,
            key.component,
            guide.codes.get(usize::from(key.codes))
        );
    }
    if let Some(unit) = &segment.unit {
        let _ = write!(out, " unit `{}` of {}", unit.name, unit.element);
    }
    let _ = writeln!(
        out,
        "{}",
        if segment.hierarchical {
            " hierarchical"
        } else {
            ""
        }
    );
    for group in &segment.groups {
        let _ = writeln!(
            out,
            "    every {} from {} times {} label `{}`",
            group.size, group.first, group.times, group.label
        );
    }
    let first = usize::from(segment.first_note);
    for note in &guide.notes[first..first + usize::from(segment.note_count)] {
        let _ = writeln!(
            out,
            "    {:?} first {} bits {:b}",
            note.rule, note.first, note.elements
        );
    }
    let first = usize::from(segment.first_element);
    for (number, part) in guide.elements[first..first + usize::from(segment.element_count)]
        .iter()
        .enumerate()
    {
        element(out, guide, part, &format!("    {:02}", number + 1));
        let first = usize::from(part.first_component);
        for (number, part) in guide.components[first..first + usize::from(part.component_count)]
            .iter()
            .enumerate()
        {
            element(out, guide, part, &format!("      -{}", number + 1));
        }
    }
}

fn element(out: &mut String, guide: &Guide, element: &Element, name: &str) {
    let Element {
        data_element,
        kind,
        min,
        max,
        repeat,
        list,
        format_by,
        label,
        phi,
        ..
    } = element;
    let _ = write!(
        out,
        "{name} {} {data_element} {kind:?} {min}..{max} x{repeat} `{label}` {phi:?}",
        usage(element.usage)
    );
    if let Some(codes) = guide.codes.get(usize::from(element.codes)) {
        let _ = write!(out, " {codes:?}");
    }
    if !list.is_empty() {
        let _ = write!(out, " list {list}");
    }
    if *format_by != 0 {
        let _ = write!(out, " format by {format_by}");
    }
    out.push('\n');
}

fn usage(usage: Usage) -> char {
    match usage {
        Usage::Required => 'R',
        Usage::Situational => 'S',
        Usage::NotUsed => 'N',
    }
}
