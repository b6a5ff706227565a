//! No file is longer than 600 lines, its tests aside, and no function than 60.

use acceptance::say;

use super::code::Code;
use super::{none, sources};

const FILE_LINES_MAX: usize = 600;
const FUNCTION_LINES_MAX: usize = 60;

/// From so many arms of one line on a `match` is a table, whose length is nobody's trouble.
const TABLE_ARMS_MIN: usize = 10;

#[test]
fn files_and_functions_are_short() {
    let (mut wrong, mut files, mut functions) = (Vec::new(), Vec::new(), Vec::new());
    for source in sources() {
        let lines = source.code.lines().count();
        files.push(lines);
        if lines > FILE_LINES_MAX {
            wrong.push(format!("{}: {lines} lines", source.path));
        }
        for function in find(&source.code) {
            functions.push(function.lines);
            if function.lines > FUNCTION_LINES_MAX {
                wrong.push(format!(
                    "{}:{}: fn {} has {} lines",
                    source.path, function.begins, function.name, function.lines
                ));
            }
        }
    }
    say(&format!(
        "sizes: {}; {}",
        spread("files", &mut files),
        spread("functions", &mut functions)
    ));
    none("too long (STYLE §2)", &wrong);
}

fn spread(what: &str, lines: &mut [usize]) -> String {
    lines.sort_unstable();
    let (median, most) = (lines.get(lines.len() / 2), lines.last());
    format!(
        "{} {what}, median {}, most {} lines",
        lines.len(),
        median.unwrap_or(&0),
        most.unwrap_or(&0)
    )
}

struct Function {
    name: String,
    begins: usize,
    lines: usize,
}

/// All functions with a body.
fn find(code: &Code) -> Vec<Function> {
    let lines: Vec<_> = code.lines().collect();
    let named = lines
        .iter()
        .enumerate()
        .filter_map(|(number, line)| Some((number, name(line)?)));
    let body = |(number, name): (usize, &str)| {
        let end = end(&lines[number..])?;
        let body = &lines[number..=number + end];
        let arms = body.iter().filter(|line| is_arm(line)).count();
        let lines = body.len() - if arms >= TABLE_ARMS_MIN { arms } else { 0 };
        Some(Function {
            name: name.to_owned(),
            begins: number + 1,
            lines,
        })
    };
    named.filter_map(body).collect()
}

/// The name of the function that a line begins.
fn name(line: &str) -> Option<&str> {
    let (before, rest) = line.split_once("fn ")?;
    let begins = before.split_whitespace().all(|word| {
        matches!(word, "pub" | "const" | "async" | "extern" | "unsafe") || word.starts_with("pub(")
    });
    let name = rest
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .next()?;
    (begins && !name.is_empty()).then_some(name)
}

/// On which line the body ends; none for a function without one.
fn end(lines: &[&str]) -> Option<usize> {
    let (mut depth, mut brackets) = (0_usize, 0_usize);
    for (number, line) in lines.iter().enumerate() {
        for c in line.chars() {
            match c {
                '(' | '[' if depth == 0 => brackets += 1,
                ')' | ']' if depth == 0 => brackets = brackets.saturating_sub(1),
                ';' if depth == 0 && brackets == 0 => return None,
                '{' => depth += 1,
                '}' if depth == 1 => return Some(number),
                '}' => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
    }
    None
}

/// An arm of a `match` that stands on one line.
fn is_arm(line: &str) -> bool {
    let count = |brackets: [char; 2]| {
        line.matches(brackets[0]).count() == line.matches(brackets[1]).count()
    };
    line.contains("=>") && line.trim_end().ends_with(',') && count(['{', '}']) && count(['(', ')'])
}

#[test]
fn functions_are_found_with_their_lengths() {
    let code = Code::new(
        "trait T {\n    fn a(&self) -> [u8; 2];\n    pub(crate) fn b() {\n        if x { y }\n    }\n}\n",
    );
    let found: Vec<_> = find(&code)
        .into_iter()
        .map(|function| (function.name, function.begins, function.lines))
        .collect();
    assert_eq!(found, [("b".to_owned(), 3, 3)]);
}
