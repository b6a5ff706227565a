//! Limits: reaching one hides nothing that lies beyond what it bounds.

use x12_parser::{Code, Error, Options, validate};

#[test]
fn many_findings_in_a_set_hide_none_behind_it() -> Result<(), Error> {
    let document = "ISA*00*          *00*          *ZZ*MADEUPSENDER   *ZZ*MADEUPRECEIVER *261123*1200*^*00501*000000001*0*T*:~\
GS*HC*MADEUP*RECEIVER*20261123*1200*1*X*005010X222A1~ST*837*0001*005010X222A1~ZZZ~ZZZ~ZZZ~ZZZ~ZZZ~SE*7*0001~GE*9*1~IEA*9*000000001~";
    let mut options = Options::default();
    options.limits.findings_per_set = 2;
    let mut codes = Vec::new();
    validate(document.as_bytes(), &options, |finding| {
        codes.push(finding.code);
        Ok(())
    })?;
    assert!(codes.contains(&Code::FindingsOmitted), "{codes:?}");
    assert!(codes.contains(&Code::SetCount), "{codes:?}");
    assert!(codes.contains(&Code::GroupCount), "{codes:?}");
    Ok(())
}
