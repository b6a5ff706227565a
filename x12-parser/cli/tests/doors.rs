//! What no case file can show: pipes that close, files that appear, names that are no text, values that must not leak.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

type Result = std::result::Result<(), Box<dyn std::error::Error>>;

const VERBS: [&[&str]; 5] = [
    &["json"],
    &["validate", "--error-format", "json"],
    &["ack"],
    &["info"],
    &["fmt"],
];

fn x12conv() -> Command {
    Command::new(env!("CARGO_BIN_EXE_x12conv"))
}

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/files")
        .join(name)
}

/// A new folder for one test.
fn folder(name: &str) -> std::io::Result<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    match fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

fn piped(command: &mut Command, input: &[u8]) -> std::io::Result<Output> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut stdin = child.stdin.take().ok_or(std::io::ErrorKind::BrokenPipe)?;
    std::thread::scope(|scope| {
        // It may well end before it has read all.
        scope.spawn(move || stdin.write_all(input));
        child.wait_with_output()
    })
}

/// A document with so many transaction sets, each with a finding.
fn long(sets: usize) -> std::io::Result<Vec<u8>> {
    let broken = fs::read_to_string(file("payment-broken.x12"))?;
    let (head, rest) = broken.split_at(broken.find("ST*").unwrap_or_default());
    let (set, tail) = rest.split_at(rest.find("GE*").unwrap_or_default());
    Ok([head, &set.repeat(sets), tail].concat().into_bytes())
}

#[test]
fn a_pipe_that_closes_is_no_failure() -> Result {
    let document = folder("closed")?.join("long.x12");
    fs::write(&document, long(3000)?)?;
    for verb in VERBS {
        let mut command = x12conv();
        command
            .args(verb)
            .arg("-q")
            .args([&document; 40])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let mut stdout = child.stdout.take().ok_or("no stdout")?;
        stdout.read_exact(&mut [0])?;
        drop(stdout);
        let output = child.wait_with_output()?;
        assert_eq!(output.status.code(), Some(0), "{verb:?}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{verb:?}");
    }
    Ok(())
}

#[test]
fn help_begins_with_examples_and_minds_no_closed_pipe() -> Result {
    let verbs = ["json", "x12", "validate", "ack", "info", "fmt"].map(|verb| vec![verb, "--help"]);
    for arguments in verbs.iter().chain([&vec!["--help"]]) {
        let output = x12conv().args(arguments).output()?;
        assert_eq!(output.status.code(), Some(0));
        assert!(
            output.stdout.starts_with(b"Examples:\n  x12conv "),
            "{arguments:?}"
        );
        let mut child = x12conv()
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        drop(child.stdout.take());
        let output = child.wait_with_output()?;
        assert_eq!(
            (output.status.code(), output.stderr.as_slice()),
            (Some(0), &b""[..]),
            "{arguments:?}"
        );
    }
    Ok(())
}

#[test]
fn a_pipe_reads_as_a_file_does() -> Result {
    let document = fs::read(file("payment.x12"))?;
    for verb in VERBS {
        let clock = if verb[0] == "ack" {
            &["--date", "20261123", "--time", "1200"][..]
        } else {
            &[]
        };
        let of_file = x12conv()
            .args(verb)
            .args(clock)
            .arg(file("payment.x12"))
            .output()?;
        for name in [&[][..], &["-"]] {
            let of_pipe = piped(x12conv().args(verb).args(clock).args(name), &document)?;
            assert_eq!(of_pipe.status.code(), Some(0), "{verb:?}");
            let named = String::from_utf8(of_file.stdout.clone())?
                .replace(&*file("payment.x12").to_string_lossy(), "<stdin>");
            assert_eq!(String::from_utf8(of_pipe.stdout)?, named, "{verb:?}");
        }
    }
    Ok(())
}

#[test]
fn x12_comes_back_byte_for_byte() -> Result {
    let document = [long(20)?, fs::read(file("two-interchanges.x12"))?].concat();
    for shape in [&[][..], &["--shape", "segments"], &["--per", "set"]] {
        let json = piped(x12conv().arg("json").args(shape), &document)?.stdout;
        let x12 = piped(x12conv().arg("x12"), &json)?;
        assert_eq!(x12.status.code(), Some(0), "{shape:?}");
        assert!(x12.stdout == document, "{shape:?}");
    }
    Ok(())
}

#[test]
fn threads_change_nothing() -> Result {
    let document = long(500)?;
    for verb in VERBS {
        let clock = if verb[0] == "ack" {
            &["--date", "20261123", "--time", "1200"][..]
        } else {
            &[]
        };
        let alone = piped(x12conv().args(verb).args(clock), &document)?;
        let together = piped(
            x12conv().args(verb).args(clock).args(["-j", "3"]),
            &document,
        )?;
        assert!(!alone.stdout.is_empty());
        assert_eq!(alone, together, "{verb:?}");
    }
    Ok(())
}

#[test]
fn an_output_file_appears_complete_and_overwrites_only_by_force() -> Result {
    let folder = folder("output")?;
    let target = folder.join("payment.json");
    let run = |input: &str, flags: &[&str]| {
        x12conv()
            .arg("json")
            .arg(file(input))
            .arg("-o")
            .arg(&target)
            .args(flags)
            .output()
    };
    let names = || -> std::io::Result<usize> { Ok(fs::read_dir(&folder)?.count()) };

    assert_eq!(run("nonsense.txt", &[])?.status.code(), Some(2));
    assert_eq!(names()?, 0, "nothing appears where nothing could be done");
    assert_eq!(run("payment.x12", &[])?.status.code(), Some(0));
    let written = fs::read(&target)?;
    assert_eq!(
        written,
        x12conv()
            .arg("json")
            .arg(file("payment.x12"))
            .output()?
            .stdout
    );
    let refused = run("two-interchanges.x12", &[])?;
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("--force"));
    assert_eq!(fs::read(&target)?, written);
    assert_eq!(
        run("two-interchanges.x12", &["--force"])?.status.code(),
        Some(0)
    );
    assert_ne!(fs::read(&target)?, written);
    assert_eq!(names()?, 1, "nothing is left beside it");
    Ok(())
}

#[cfg(unix)]
#[test]
fn a_name_that_is_no_text_is_still_a_name() -> Result {
    use std::os::unix::ffi::OsStrExt;
    let folder = folder("names")?;
    let name = folder.join(std::ffi::OsStr::from_bytes(b"pay\xffment\x1b[2J.x12"));
    for verb in VERBS {
        let output = x12conv().args(verb).arg(&name).output()?;
        assert_eq!(output.status.code(), Some(2), "{verb:?}");
        assert!(!output.stderr.contains(&b'\x1b'), "{verb:?}");
    }
    fs::copy(file("payment-broken.x12"), &name)?;
    let output = x12conv().arg("validate").arg(&name).output()?;
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr)?.contains("pay\u{fffd}ment\\u{1b}[2J.x12:7 "));
    Ok(())
}

#[test]
fn no_value_reaches_the_terminal_unasked() -> Result {
    let document = long(1)?;
    let canaries = String::from_utf8(document)?
        .split_inclusive('\n')
        .map(canaries)
        .collect::<String>();
    let path = folder("canaries")?.join("canaries.x12");
    fs::write(&path, &canaries)?;
    let run = |flags: &[&str]| -> std::io::Result<Output> {
        x12conv().arg("validate").args(flags).arg(&path).output()
    };
    for flags in [
        &[][..],
        &["--max-errors", "0"],
        &["--error-format", "json"],
        &["--error-format", "json", "--snip", "1"],
    ] {
        let output = run(flags)?;
        assert_eq!(output.status.code(), Some(1));
        let told = [output.stdout, output.stderr].concat();
        assert!(told.len() > 1000);
        assert!(
            !String::from_utf8_lossy(&told).contains("CANARY"),
            "{flags:?}"
        );
    }
    assert!(String::from_utf8_lossy(&run(&["--show-phi"])?.stderr).contains("CANARY"));
    Ok(())
}

/// A segment with a canary in every element that may not show; also in a place where only codes stand.
fn canaries(segment: &str) -> String {
    let body = segment.trim_end_matches("~\n");
    let mut elements = body.split('*').map(str::to_owned).collect::<Vec<_>>();
    let in_all = elements.len();
    let places = match elements[0].as_str() {
        "ISA" => vec![2, 4],
        "GS" | "ST" => vec![],
        _ => (1..in_all).collect(),
    };
    for number in places {
        elements[number] = match number % 3 {
            _ if elements[0] == "ISA" => "CANARY    ".to_owned(),
            0 => format!("CANARY:CANARY{number}"),
            _ => format!("CANARY{number}"),
        };
    }
    elements.join("*")
        + "~\nCANARY~\nX?*CANARY~\n"
            .get(..if body.starts_with("LX") { 22 } else { 2 })
            .unwrap_or_default()
}

#[test]
fn what_comes_through_pipes_is_split_and_merged() -> Result {
    let folder = folder("split-and-merged")?;
    let claims =
        fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cmd/split.in/claims.x12"))?;
    let parts = folder.join("parts");
    let split = piped(
        x12conv()
            .args(["split", "--claims", "1", "--out"])
            .arg(&parts),
        &claims,
    )?;
    assert!(split.status.success() && split.stdout.is_empty());
    let mut names: Vec<_> = fs::read_dir(&parts)?
        .map(|entry| entry.map(|entry| entry.file_name()))
        .collect::<std::io::Result<_>>()?;
    names.sort();
    assert_eq!(names, ["part-0001.edi", "part-0002.edi", "part-0003.edi"]);
    let mut merge = x12conv();
    merge
        .args(["merge", "--by", "set", "-"])
        .args(names[1..].iter().map(|name| parts.join(name)));
    let merged = piped(&mut merge, &fs::read(parts.join(&names[0]))?)?;
    assert!(merged.status.success());
    let numbers = |document: &[u8]| -> Vec<String> {
        let text = String::from_utf8_lossy(document).into_owned();
        text.lines()
            .filter(|line| line.starts_with("CLM*"))
            .map(str::to_owned)
            .collect()
    };
    assert_eq!(numbers(&merged.stdout), numbers(&claims));
    Ok(())
}
