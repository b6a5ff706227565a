//! What the command says: `tests/cmd` holds each call with what it prints.

#[test]
fn it_says_what_it_should() {
    trycmd::TestCases::new().case("tests/cmd/*.trycmd");
}
