//! What is wrong with a text, and where: collected while reading goes on, so that an author sees all faults of a file at once.

use super::limits;

/// A fault in the text of a guide, of the standard layer or of external code lists.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{file}:{line}:{column}: {message}{}", second_line(.hint))]
pub struct Error {
    /// Name of the file, as the caller gave it.
    pub file: String,
    /// Line, from one.
    pub line: u32,
    /// Column in characters, from one.
    pub column: u32,
    /// What is wrong.
    pub message: String,
    /// What may have been meant; written as a second line.
    pub hint: Option<String>,
}

fn second_line(hint: &Option<String>) -> String {
    hint.as_ref()
        .map(|hint| format!("\n  {hint}"))
        .unwrap_or_default()
}

/// A place in the text.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Place {
    /// Line, from one.
    pub(super) line: u32,
    /// Column in characters, from one.
    pub(super) column: u32,
}

/// The faults of one file.
pub(super) struct Report {
    file: String,
    errors: Vec<Error>,
}

impl Report {
    pub(super) fn new(file: &str) -> Self {
        Self {
            file: file.to_owned(),
            errors: Vec::new(),
        }
    }

    /// Notes a fault.
    pub(super) fn error(&mut self, at: Place, message: impl Into<String>) {
        self.push(at, message.into(), None);
    }

    /// Notes a fault that has a remedy.
    pub(super) fn error_with_hint(
        &mut self,
        at: Place,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.push(at, message.into(), Some(hint.into()));
    }

    /// Notes that `word` is none of the `known`, and suggests the nearest of them.
    pub(super) fn unknown<S: AsRef<str>>(
        &mut self,
        at: Place,
        message: impl Into<String>,
        word: &str,
        known: impl IntoIterator<Item = S>,
    ) {
        let hint = nearest(word, known).map(|near| format!("did you mean `{near}`?"));
        self.push(at, message.into(), hint);
    }

    fn push(&mut self, at: Place, message: String, hint: Option<String>) {
        if self.errors.len() < limits::ERRORS {
            self.errors.push(Error {
                file: self.file.clone(),
                line: at.line,
                column: at.column,
                message,
                hint,
            });
        }
    }

    pub(super) fn is_clean(&self) -> bool {
        self.errors.is_empty()
    }

    /// The faults, in the order of the text.
    pub(super) fn into_errors(mut self) -> Vec<Error> {
        self.errors.sort_by_key(|error| (error.line, error.column));
        self.errors
    }

    /// The value, if there was no fault.
    pub(super) fn finish<T>(self, value: Option<T>) -> Result<T, Vec<Error>> {
        match value {
            Some(value) if self.is_clean() => Ok(value),
            _ => Err(self.into_errors()),
        }
    }
}

/// The word that differs in the fewest letters, if a slip of the pen explains the difference.
fn nearest<S: AsRef<str>>(word: &str, known: impl IntoIterator<Item = S>) -> Option<String> {
    let number = word.len() < 3 && word.bytes().all(|byte| byte.is_ascii_digit());
    // 32: no name of the language or the standard is longer.
    if number || word.len() > 32 {
        return None;
    }
    let close = |other: &str| (other.len() <= 32).then(|| distance(word, other));
    let candidates = known
        .into_iter()
        .filter_map(|other| Some((close(other.as_ref())?, other)));
    let (letters, near) = candidates.min_by_key(|(letters, _)| *letters)?;
    (letters <= word.len().div_ceil(3)).then(|| near.as_ref().to_owned())
}

/// How many letters must be put in, taken out or changed (Levenshtein), upper and lower case being one.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.to_lowercase().chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, letter) in from.to_lowercase().chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, other) in to.iter().enumerate() {
            let changed = diagonal + usize::from(letter != *other);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[to.len()]
}
