//! Made-up claims: documents with the levels and claims that a line of text asks for, or a number.

/// A provider: its subscribers, each with its own claims and those of its patients.
pub type Provider = Vec<(u64, Vec<u64>)>;

/// How a document is written.
#[derive(Clone, Copy)]
pub struct Style {
    /// Element, component and repetition separator, then the terminator with what follows.
    pub separators: [char; 3],
    pub end: &'static str,
    pub institutional: bool,
}

pub const PLAIN: Style = Style {
    separators: ['*', ':', '^'],
    end: "~\n",
    institutional: false,
};

pub const INSTITUTIONAL: Style = Style {
    institutional: true,
    ..PLAIN
};

/// `[1(2 1) 3][1]`: see `levels.txt`.
pub fn parse(text: &str) -> Vec<Provider> {
    let mut providers: Vec<Provider> = Vec::new();
    let mut in_patients = false;
    for byte in text.bytes() {
        match byte {
            b'[' => providers.push(Vec::new()),
            b'(' | b')' => in_patients = byte == b'(',
            b'0'..=b'9' => {
                let claims = u64::from(byte - b'0');
                let provider = providers.last_mut().expect("one is open");
                match provider.last_mut() {
                    Some((_, patients)) if in_patients => patients.push(claims),
                    _ => provider.push((claims, Vec::new())),
                }
            }
            _ => {}
        }
    }
    providers
}

/// Numbers that follow from a seed.
pub struct Numbers(pub u64);

impl Numbers {
    /// One below a bound.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

/// Providers by chance. None is without claims.
pub fn providers(numbers: &mut Numbers) -> Vec<Provider> {
    let subscriber = |numbers: &mut Numbers| {
        let patients: Vec<_> = (0..numbers.below(3))
            .map(|_| 1 + numbers.below(3))
            .collect();
        let own = numbers.below(4).max(u64::from(patients.is_empty()));
        (own, patients)
    };
    let provider = |numbers: &mut Numbers| {
        (0..1 + numbers.below(4))
            .map(|_| subscriber(numbers))
            .collect()
    };
    (0..1 + numbers.below(3))
        .map(|_| provider(numbers))
        .collect()
}

/// A document of one interchange, with a group that holds these transaction sets.
pub fn document(sets: &[Vec<Provider>], style: Style) -> String {
    let guide = if style.institutional {
        "005010X223A2"
    } else {
        "005010X222A1"
    };
    let mut text = "ISA*00*          *00*          *ZZ*MADEUPSENDER   *ZZ*MADEUPRECEIVER *261123*1200*^*00501*000000905*0*T*:~\n".to_owned();
    text += &format!("GS*HC*MADEUP*RECEIVER*20261123*1200*7*X*{guide}~\n");
    for (number, providers) in (1..).zip(sets) {
        let mut set = Set {
            text: String::new(),
            segments: 0,
            levels: 0,
            claims: 0,
            style,
        };
        set.write(number, guide, providers);
        text += &set.text;
    }
    text += &format!("GE*{}*7~\nIEA*1*000000905~\n", sets.len());
    let [element, component, repetition] = style.separators;
    let text = text
        .replace("~\n", "\u{1}")
        .replace('*', "\u{2}")
        .replace(':', "\u{3}")
        .replace('^', "\u{4}");
    text.replace('\u{1}', style.end)
        .replace('\u{2}', &element.to_string())
        .replace('\u{3}', &component.to_string())
        .replace('\u{4}', &repetition.to_string())
}

/// A transaction set being written.
struct Set {
    text: String,
    segments: u64,
    levels: u64,
    claims: u64,
    style: Style,
}

impl Set {
    fn put(&mut self, segments: &str) {
        self.segments += segments.matches('~').count() as u64;
        self.text += &segments.replace('~', "~\n");
    }

    fn write(&mut self, number: u64, guide: &str, providers: &[Provider]) {
        self.put(&format!(
            "ST*837*{number:04}*{guide}~BHT*0019*00*BATCH{number}*20261123*1200*CH~NM1*41*2*EXAMPLE SUBMITTER*****46*TGJ23~\
PER*IC*JANE SAMPLE*TE*3055550100~NM1*40*2*EXAMPLE RECEIVER*****46*66783JJT~"
        ));
        for provider in providers {
            let level = self.level(None, "20", true);
            self.put("NM1*85*2*EXAMPLE CLINIC*****XX*1234567893~N3*234 EXAMPLE ST~N4*MIAMI*FL*331110001~REF*EI*587654321~");
            for (own, patients) in provider {
                let level = self.level(Some(level), "22", !patients.is_empty());
                let is_patient = if patients.is_empty() { "18" } else { "" };
                self.put(&format!(
                    "SBR*P*{is_patient}*2222-SJ******CI~NM1*IL*1*SAMPLE*JANE****MI*JS{level}~"
                ));
                if patients.is_empty() {
                    self.put("N3*236 N MAIN ST~N4*MIAMI*FL*33413~DMG*D8*19730501*F~");
                }
                self.put("NM1*PR*2*EXAMPLE INSURANCE CO*****PI*999996666~");
                (0..*own).for_each(|_| self.claim());
                for claims in patients {
                    self.level(Some(level), "23", false);
                    self.put("PAT*19~NM1*QC*1*SAMPLE*TED~N3*236 N MAIN ST~N4*MIAMI*FL*33413~DMG*D8*19730501*M~");
                    (0..*claims).for_each(|_| self.claim());
                }
            }
        }
        let segments = self.segments + 1;
        self.put(&format!("SE*{segments}*{number:04}~"));
    }

    fn level(&mut self, parent: Option<u64>, code: &str, has_children: bool) -> u64 {
        self.levels += 1;
        let parent = parent.map_or(String::new(), |parent| parent.to_string());
        let (level, children) = (self.levels, u8::from(has_children));
        self.put(&format!("HL*{level}*{parent}*{code}*{children}~"));
        level
    }

    /// A claim over its number, and a half.
    fn claim(&mut self) {
        self.claims += 1;
        let claim = self.claims;
        if self.style.institutional {
            self.put(&format!(
                "CLM*C{claim}*{claim}.50***13:A:1**A*Y*Y~DTP*434*RD8*20261012-20261012~CL1*1*1*01~HI*ABK:S52501A~HI*APR:M25531~\
NM1*71*1*TRIAL*MORGAN****XX*1234567893~LX*1~SV2*0450*HC:99283*{claim}.50*UN*1~DTP*472*D8*20261012~"
            ));
        } else {
            self.put(&format!(
                "CLM*C{claim}*{claim}.50***11:B:1*Y*A*Y*I~HI*ABK:I10*ABF:Z209~LX*1~SV1*HC:99213*{claim}.50*UN*1***1~DTP*472*D8*20261003~"
            ));
        }
    }
}
