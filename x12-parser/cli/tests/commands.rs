//! The command as it is typed: cases in `cmd`, each with what comes out; `TRYCMD=overwrite` rewrites them.

#[test]
fn commands_do_as_their_cases_say() {
    trycmd::TestCases::new()
        .case("tests/cmd/*.trycmd")
        .case("tests/cmd/*.toml");
}
