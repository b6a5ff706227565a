//! What `x12conv explain` says of each guide, as files: `tests/explain/ID-SET.txt`. `X12_WRITE=1` writes them anew.

use std::fs;
use std::path::Path;
use std::process::Command;

use x12_parser::Catalog;

#[test]
fn each_guide_is_explained_as_written_down() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/explain");
    let catalog = Catalog::builtin();
    let mut wrong = Vec::new();
    let mut known = Vec::new();
    for entry in catalog.entries() {
        let (guide, file) = (
            format!("{}/{}", entry.id, entry.set),
            format!("{}-{}.txt", entry.id, entry.set),
        );
        let explained = explain(&[&guide]);
        let path = folder.join(&file);
        if std::env::var_os("X12_WRITE").is_some() {
            fs::write(&path, &explained).expect("the folder can be written");
        }
        if fs::read_to_string(&path).unwrap_or_default() != explained {
            wrong.push(file.clone());
        }
        known.push(file);
    }
    let files = fs::read_dir(folder).expect("it is there").flatten();
    let files = files.map(|file| file.file_name().to_string_lossy().into_owned());
    wrong.extend(files.filter(|file| !known.contains(file)));
    assert!(wrong.is_empty(), "not as written down: {wrong:?}");
}

/// Every segment of every guide can be looked up by its place, and so can each of its elements.
#[test]
fn every_place_can_be_looked_up() {
    let catalog = Catalog::builtin();
    let guide = catalog.guide("005010X221A1").expect("it is built in");
    for a_loop in &guide.loops {
        for item in guide.items_of(a_loop) {
            let id = &guide.segments[usize::from(item.segment)].id;
            let place = match a_loop.id.as_str() {
                "" => id.clone(),
                loop_id => format!("{loop_id}/{id}"),
            };
            if guide.loops.get(usize::from(item.child)).is_none() {
                assert!(explain(&["005010X221A1", &place]).contains(id), "{place}");
            }
        }
    }
    assert!(explain(&["835", "2100/CLP02"]).contains("CLP02"));
}

fn explain(arguments: &[&str]) -> String {
    let run = Command::new(env!("CARGO_BIN_EXE_x12conv"))
        .arg("explain")
        .args(arguments)
        .output()
        .expect("x12conv was built");
    assert!(run.status.success(), "{arguments:?}");
    String::from_utf8(run.stdout).expect("it is text")
}
