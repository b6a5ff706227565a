//! The guide and the overlay that schemas/README.md shows, read at run time.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The blocks of KDL in the section on guides of one's own: the guide, and an overlay over it.
fn shown() -> [String; 2] {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas/README.md");
    let text = fs::read_to_string(readme).expect("it is there");
    let section = text
        .split("## A guide of your own")
        .nth(1)
        .expect("it has the section");
    let section = section.split("\n## ").next().expect("it has a text");
    let mut blocks = section.split("```kdl\n").skip(1);
    [(); 2].map(|()| {
        let block = blocks.next().expect("it has two blocks");
        block
            .split("```")
            .next()
            .expect("the block ends")
            .to_owned()
    })
}

fn document(role: &str, npi: &str) -> String {
    format!(
        "ISA*00*          *00*          *ZZ*MADEUPSENDER   *ZZ*MADEUPRECEIVER *261123*1200*^*00501*000000001*0*T*:~\
         GS*TD*MADEUP*RECEIVER*20261123*1200*1*X*MADEUP1~ST*838*0001~BGN*00*1*20261123~\
         N1*{role}*EXAMPLE CLINIC*XX*{npi}~SE*4*0001~GE*1*1~IEA*1*000000001~"
    )
}

/// The findings of a document, by these files: name and place, a line each.
fn findings(folder: &Path, files: &[&str], document: &str) -> String {
    let file = folder.join("notice.x12");
    fs::write(&file, document).expect("the target folder can be written");
    let run = Command::new(env!("CARGO_BIN_EXE_x12conv"))
        .current_dir(folder)
        .args(["validate", "--error-format", "json"])
        .args(files)
        .arg(&file)
        .output()
        .expect("x12conv was built");
    assert!(run.status.code().is_some_and(|code| code < 2), "{run:?}");
    let text = String::from_utf8(run.stdout).expect("it is text");
    let lines = text.lines().map(|line| {
        let line: serde_json::Value = serde_json::from_str(line).expect("it is JSON");
        let name = line["rule"].as_str().or(line["code"].as_str());
        format!(
            "{} {}\n",
            name.unwrap_or_default(),
            line["path"].as_str().unwrap_or_default()
        )
    });
    lines.collect()
}

#[test]
fn the_guide_of_the_readme_is_read_at_run_time_with_an_overlay_over_it() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("own-guide");
    fs::create_dir_all(&folder).expect("the target folder can be written");
    let [guide, overlay] = shown();
    fs::write(folder.join("notice.kdl"), guide).expect("the target folder can be written");
    fs::write(folder.join("payees-only.kdl"), overlay).expect("the target folder can be written");
    let alone = ["--guide", "notice.kdl"];
    let both = ["--guide", "notice.kdl", "--overlay", "payees-only.kdl"];
    let (payee, payer) = (document("PE", "1234567893"), document("PR", "1234567893"));
    assert_eq!(findings(&folder, &[], &payee), "guide-unknown ST01\n");
    assert_eq!(findings(&folder, &alone, &payee), "");
    assert_eq!(findings(&folder, &alone, &payer), "");
    assert_eq!(findings(&folder, &both, &payee), "");
    assert_eq!(findings(&folder, &both, &payer), "element-code 1000/N101\n");
    let wrong = document("PE", "1234567890");
    assert_eq!(findings(&folder, &alone, &wrong), "npi 1000/N104\n");
}
