//! Lists of codes made ready to be looked up: those of a guide, and external ones with the times in which their codes are in force.

use std::collections::HashMap;

use x12_schemas::table::CodeList;

use crate::pattern::Matcher;

/// Codes of one list, packed for comparison.
#[derive(Debug, Default)]
pub(crate) struct CodeSet {
    /// Those of up to seven bytes, ascending.
    short: Vec<u64>,
    /// All others, ascending.
    long: Vec<Box<[u8]>>,
}

impl CodeSet {
    pub(crate) fn new(codes: &[String]) -> Self {
        let (short, long): (Vec<_>, Vec<_>) = codes
            .iter()
            .map(String::as_bytes)
            .partition(|code| code.len() <= 7);
        let mut short: Vec<u64> = short.into_iter().map(pack).collect();
        short.sort_unstable();
        let mut long: Vec<Box<[u8]>> = long.into_iter().map(Into::into).collect();
        long.sort_unstable();
        Self { short, long }
    }

    #[inline]
    pub(crate) fn contains(&self, value: &[u8]) -> bool {
        self.contains_packed(pack(value), value)
    }

    #[inline]
    pub(crate) fn contains_packed(&self, packed: u64, value: &[u8]) -> bool {
        if packed == 0 {
            return self
                .long
                .binary_search_by(|code| (**code).cmp(value))
                .is_ok();
        }
        // 16: up to here looking at all is as fast as halving.
        if self.short.len() <= 16 {
            self.short.contains(&packed)
        } else {
            self.short.binary_search(&packed).is_ok()
        }
    }
}

/// Up to seven bytes as a number, different for different values; 0 for more.
#[inline]
pub(crate) fn pack(value: &[u8]) -> u64 {
    if value.len() > 7 {
        0
    } else {
        value
            .iter()
            .fold(1, |packed, &byte| packed << 8 | u64::from(byte))
    }
}

/// The first day of a code, and its last; empty without bound.
type Span = (Box<[u8]>, Box<[u8]>);

/// An external code list.
#[derive(Debug)]
pub(crate) struct List {
    codes: CodeSet,
    /// Of codes that are not in force at all times: when they are.
    times: HashMap<Box<[u8]>, Vec<Span>>,
    /// What codes look like, if they are not at hand.
    shape: Option<Matcher>,
}

impl List {
    pub(crate) fn new(list: &CodeList) -> Self {
        let mut times: HashMap<Box<[u8]>, Vec<Span>> = HashMap::new();
        for time in &list.times {
            let bound = |day: &str| day.as_bytes().into();
            let spans = times.entry(time.code.as_bytes().into()).or_default();
            spans.push((bound(&time.from), bound(&time.to)));
        }
        Self {
            codes: CodeSet::new(&list.codes),
            times,
            shape: list.shape.as_ref().map(Matcher::new),
        }
    }

    /// Whether a code was ever in it, or at least looks so.
    #[inline]
    pub(crate) fn contains(&self, value: &[u8]) -> bool {
        match &self.shape {
            Some(shape) => shape.matches(value),
            None => self.codes.contains(value),
        }
    }

    /// Whether a code that is in it is not so at all times.
    pub(crate) fn is_timed(&self, value: &[u8]) -> bool {
        self.times.contains_key(value)
    }

    /// Whether a code is in force on a day, CCYYMMDD.
    pub(crate) fn is_in_force(&self, value: &[u8], day: &[u8]) -> bool {
        self.times.get(value).is_none_or(|spans| {
            let holds = |(from, to): &Span| day >= &**from && (to.is_empty() || day <= &**to);
            spans.iter().any(holds)
        })
    }
}
