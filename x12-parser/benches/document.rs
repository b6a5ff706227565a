//! A made-up 837P of any size, the same on every run: 22.7 bytes a segment and four a delimiter, as real claims have.

use std::fmt::Write as _;
use std::io::{self, Write};

const ISA: &str = "ISA*00*          *00*          *ZZ*MADEUPSENDER   *ZZ*MADEUPRECEIVER *261123*1200*^*00501*000000001*0*T*:~\n";
const GS: &str = "GS*HC*MADEUP*RECEIVER*20261123*1200*1*X*005010X222A1~\n";
const HEAD: &str = "BHT*0019*00*1*20261123*1200*CH~\nNM1*41*2*EXAMPLE SUBMITTER*****46*TGJ23~\n\
PER*IC*JANE SAMPLE*TE*3055550100*EX*231~\nNM1*40*2*EXAMPLE RECEIVER*****46*66783JJT~\nHL*1**20*1~\nPRV*BI*PXC*203BF0100Y~\n\
NM1*85*2*EXAMPLE CLINIC*****XX*1234567893~\nN3*234 EXAMPLE ST~\nN4*MIAMI*FL*33111~\nREF*EI*587654321~\n";
const CLAIM: &str = "SBR*P*18*2222-SJ******CI~\nNM1*IL*1*SAMPLE*JOHN****MI*JS00111~\nN3*236 N MAIN ST~\nN4*MIAMI*FL*33413~\n\
DMG*D8*19430501*F~\nNM1*PR*2*EXAMPLE INSURANCE CO*****PI*999996666~\n";
const LINES: &str = "HI*ABK:J020*ABF:Z1159~\nNM1*82*1*SAMPLE*BEN****XX*1234567893~\nPRV*PE*PXC*204C00000X~\nLX*1~\n\
SV1*HC:99213*40*UN*1***1~\nDTP*472*D8*20261003~\nLX*2~\nSV1*HC:87070*15*UN*1***1~\nDTP*472*D8*20261003~\nLX*3~\n\
SV1*HC:99214*35*UN*1***2~\nDTP*472*D8*20261010~\nLX*4~\nSV1*HC:86663*10*UN*1***2~\nDTP*472*D8*20261010~\n";
const CLAIM_SEGMENTS: usize = 24;
const HEAD_SEGMENTS: usize = 11;

/// Writes at least so many bytes, with so many claims in a transaction set (0: all in one).
pub fn write(to: &mut impl Write, bytes: usize, claims: usize) -> io::Result<()> {
    let (mut written, mut sets) = (ISA.len() + GS.len(), 0);
    to.write_all(ISA.as_bytes())?;
    to.write_all(GS.as_bytes())?;
    while written < bytes {
        sets += 1;
        let mut set = format!("ST*837*{sets:09}*005010X222A1~\n{HEAD}");
        let mut segments = HEAD_SEGMENTS;
        let mut claim = 0;
        while written < bytes && (claims == 0 || claim < claims) {
            claim += 1;
            // A `String` takes whatever is written to it.
            let _ = write!(
                set,
                "HL*{}*1*22*0~\n{CLAIM}CLM*A{claim}*100***11:B:1*Y*A*Y*Y~\nREF*D9*17312345{claim:08}~\n{LINES}",
                claim + 1
            );
            segments += CLAIM_SEGMENTS;
            to.write_all(set.as_bytes())?;
            written += set.len();
            set.clear();
        }
        let trailer = format!("SE*{}*{sets:09}~\n", segments + 1);
        to.write_all(trailer.as_bytes())?;
        written += trailer.len();
    }
    to.write_all(format!("GE*{sets}*1~\nIEA*1*000000001~\n").as_bytes())
}
