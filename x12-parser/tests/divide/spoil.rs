//! Faults by chance.

use crate::made::Numbers;

/// Changes a document at some places, by numbers that follow from a seed.
pub fn spoil(text: &str, numbers: &mut Numbers) -> String {
    let mut segments: Vec<String> = text.split_inclusive('~').map(str::to_owned).collect();
    for _ in 0..1 + numbers.below(6) {
        let at = numbers.below(segments.len() as u64) as usize;
        let segment = segments[at].trim_end_matches('~').to_owned();
        if ["ISA", "GS"]
            .iter()
            .any(|id| segment.trim_start().starts_with(id))
        {
            // What answers the document, and goes on of it, has their addresses.
            continue;
        }
        let mut elements: Vec<&str> = segment.split('*').collect();
        let which = 1 + numbers.below(elements.len().max(2) as u64 - 1) as usize;
        match numbers.below(25) {
            0 => drop(segments.remove(at)),
            1 => segments.insert(at, segments[at].clone()),
            2 if at + 1 < segments.len() => segments.swap(at, at + 1),
            kind if kind > 2 && which < elements.len() => {
                let values = ["", "?", "-1.005", "XX", "1234567890123"];
                elements[which] = values[usize::try_from(kind % 5).expect("it is small")];
                segments[at] = elements.join("*") + "~";
            }
            _ => {}
        }
    }
    segments.concat()
}
