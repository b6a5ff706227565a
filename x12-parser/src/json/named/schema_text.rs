//! JSON as it is written for people to read: a schema.

use std::fmt::Write as _;

/// A value of a schema.
pub(super) enum Value {
    Text(String),
    Number(u64),
    Flag(bool),
    List(Vec<Value>),
    Object(Vec<(String, Value)>),
}

pub(super) fn text(text: impl AsRef<str>) -> Value {
    Value::Text(text.as_ref().to_owned())
}

pub(super) fn array(items: impl IntoIterator<Item = Value>) -> Value {
    Value::List(items.into_iter().collect())
}

pub(super) fn object<'k>(members: impl IntoIterator<Item = (&'k str, Value)>) -> Value {
    let members = members
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value));
    Value::Object(members.collect())
}

impl Value {
    /// The value with a line for each member, but for lists of strings.
    pub(super) fn pretty(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, 0);
        out
    }

    fn write(&self, out: &mut String, depth: usize) {
        match self {
            Self::Text(text) => quote(out, text),
            // Writing to a string cannot fail.
            Self::Number(number) => _ = write!(out, "{number}"),
            Self::Flag(flag) => _ = write!(out, "{flag}"),
            Self::List(items) => {
                let flat = items.iter().all(|item| matches!(item, Self::Text(_)));
                let items = items.iter().map(|item| (None, item));
                wrapped(out, ('[', ']'), items, (depth, flat));
            }
            Self::Object(members) => {
                let members = members
                    .iter()
                    .map(|(key, value)| (Some(key.as_str()), value));
                wrapped(out, ('{', '}'), members, (depth, false));
            }
        }
    }
}

fn wrapped<'v>(
    out: &mut String,
    (open, close): (char, char),
    items: impl ExactSizeIterator<Item = (Option<&'v str>, &'v Value)>,
    (depth, flat): (usize, bool),
) {
    let broken = !flat && items.len() > 0;
    let line = |out: &mut String, depth: usize| {
        if broken {
            let _ = write!(out, "\n{:width$}", "", width = 2 * depth);
        }
    };
    out.push(open);
    for (index, (key, value)) in items.enumerate() {
        if index > 0 {
            out.push_str(if flat { ", " } else { "," });
        }
        line(out, depth + 1);
        if let Some(key) = key {
            quote(out, key);
            out.push_str(": ");
        }
        value.write(out, depth + 1);
    }
    line(out, depth);
    out.push(close);
}

fn quote(out: &mut String, text: &str) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            '\0'..' ' => _ = write!(out, "\\u{:04x}", u32::from(character)),
            _ => out.push(character),
        }
    }
    out.push('"');
}
