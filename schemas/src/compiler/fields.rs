//! What the properties and arguments of nodes mean: numbers, labels, usages, references to elements.

use crate::table::{Phi, Usage};

use super::report::{Place, Report};
use super::source::{Argument, Node, Property, Value};

/// What follows the name of a node, as a kind of node allows it.
pub(super) struct Form {
    /// How many arguments stand at least.
    pub(super) least: usize,
    /// How many arguments stand at most.
    pub(super) most: usize,
    /// What the arguments are, for the message.
    pub(super) arguments: &'static str,
    /// Names of the properties.
    pub(super) properties: &'static [&'static str],
    /// Whether a block may follow.
    pub(super) block: bool,
}

const PHI: &[(&str, Phi)] = &[
    ("none", Phi::None),
    ("name", Phi::Name),
    ("identifier", Phi::Identifier),
    ("address", Phi::Address),
    ("contact", Phi::Contact),
    ("date", Phi::Date),
    ("health", Phi::Health),
    ("text", Phi::Text),
];

impl Report {
    /// Checks a node against its form: unknown and repeated properties, number of arguments, a block where none may be.
    pub(super) fn check(&mut self, node: &Node, form: &Form) {
        for (index, property) in node.properties.iter().enumerate() {
            let name = property.name.as_str();
            if !form.properties.contains(&name) {
                self.unknown(
                    property.at,
                    format!("`{}` has no property `{name}`", node.name),
                    name,
                    form.properties,
                );
            } else if node.properties[..index]
                .iter()
                .any(|earlier| earlier.name == name)
            {
                self.error(property.at, format!("`{name}` stands twice"));
            }
        }
        if let Some(extra) = node.arguments.get(form.most) {
            self.error(
                extra.at,
                format!(
                    "`{}` takes {}, not `{}`",
                    node.name,
                    form.arguments,
                    extra.value.written()
                ),
            );
        } else if node.arguments.len() < form.least {
            self.error(node.at, format!("`{}` takes {}", node.name, form.arguments));
        }
        if !form.block && node.children.is_some() {
            self.error(node.at, format!("`{}` has no block", node.name));
        }
    }

    /// An argument that is a string; a number gets its remedy.
    pub(super) fn text<'n>(&mut self, node: &'n Node, index: usize) -> Option<&'n str> {
        let argument = node.arguments.get(index)?;
        let text = argument.value.text();
        if text.is_none() {
            self.must_be_quoted(argument);
        }
        text
    }

    /// An argument that is a string in quotes, as codes and identifiers are.
    pub(super) fn quoted<'n>(&mut self, argument: &'n Argument) -> Option<&'n str> {
        match &argument.value {
            Value::Quoted(text) => Some(text),
            _ => {
                self.must_be_quoted(argument);
                None
            }
        }
    }

    fn must_be_quoted(&mut self, argument: &Argument) {
        let written = argument.value.written();
        self.error_with_hint(
            argument.at,
            format!("`{written}` must stand in quotes"),
            format!("write \"{written}\""),
        );
    }

    /// A property that is a string, in quotes or not.
    pub(super) fn word<'n>(&mut self, node: &'n Node, name: &str) -> Option<&'n str> {
        let property = node.property(name)?;
        let text = property.value.text();
        if text.is_none() {
            self.wrong(property, "a string");
        }
        text
    }

    /// The property `label`: a name in camel case.
    pub(super) fn label(&mut self, node: &Node) -> Option<String> {
        let label = self.word(node, "label")?;
        let camel = label.starts_with(|first: char| first.is_ascii_lowercase())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !camel {
            let at = place_of(node, "label");
            self.error(at, format!("label `{label}` is not in camel case: letters and digits, the first a small letter"));
        }
        Some(label.to_owned())
    }

    /// The property `phi`.
    pub(super) fn phi(&mut self, node: &Node) -> Option<Phi> {
        self.choice(node, "phi", PHI)
    }

    /// A property that is one of a few words.
    pub(super) fn choice<T: Copy>(
        &mut self,
        node: &Node,
        name: &str,
        words: &[(&str, T)],
    ) -> Option<T> {
        let word = self.word(node, name)?;
        let found = words.iter().find(|(known, _)| *known == word);
        if found.is_none() {
            let known: Vec<_> = words.iter().map(|(known, _)| *known).collect();
            let message = format!("`{name}` is one of {}, not `{word}`", known.join(", "));
            self.unknown(place_of(node, name), message, word, known);
        }
        found.map(|(_, value)| *value)
    }

    /// A property that is `#true` or `#false`.
    pub(super) fn flag(&mut self, node: &Node, name: &str) -> Option<bool> {
        let property = node.property(name)?;
        if let Value::Flag(flag) = property.value {
            return Some(flag);
        }
        self.wrong(property, "#true or #false");
        None
    }

    /// A property that counts, from one up; `many`, without bound, is 0.
    pub(super) fn count<N: TryFrom<i128> + Default>(
        &mut self,
        node: &Node,
        name: &str,
    ) -> Option<N> {
        let property = node.property(name)?;
        let number = count(&property.value);
        if number.is_none() {
            self.wrong(property, "a whole number from 1 up, or many");
        }
        number
    }

    /// A property that is a whole number from one up.
    pub(super) fn number(&mut self, node: &Node, name: &str) -> Option<u8> {
        let property = node.property(name)?;
        let number = count(&property.value).filter(|&number: &u8| number > 0);
        if number.is_none() {
            self.wrong(property, "a whole number from 1 to 255");
        }
        number
    }

    fn wrong(&mut self, property: &Property, wanted: &str) {
        self.error(
            property.at,
            format!(
                "`{}` is {wanted}, not `{}`",
                property.name,
                property.value.written()
            ),
        );
    }

    /// The usage of a part, the argument at `index`: a bare `R`, `S` or `N`.
    pub(super) fn usage(&mut self, node: &Node, index: usize) -> Option<Usage> {
        let Some(argument) = node.arguments.get(index) else {
            self.error(
                node.at,
                format!("`{}` lacks its usage: R, S or N", node.name),
            );
            return None;
        };
        let usage = match &argument.value {
            Value::Bare(letter) => usage(letter),
            _ => None,
        };
        if usage.is_none() {
            self.error(
                argument.at,
                format!(
                    "usage is R, S or N without quotes, not `{}`",
                    argument.value.written()
                ),
            );
        }
        usage
    }
}

/// A count as a value: a whole number from one up, or `many`, which is 0.
pub(super) fn count<N: TryFrom<i128> + Default>(value: &Value) -> Option<N> {
    match value {
        Value::Number(_, Some(number)) if *number > 0 => N::try_from(*number).ok(),
        Value::Bare(word) | Value::Quoted(word) if word == "many" => Some(N::default()),
        _ => None,
    }
}

fn usage(letter: &str) -> Option<Usage> {
    match letter {
        "R" => Some(Usage::Required),
        "S" => Some(Usage::Situational),
        "N" => Some(Usage::NotUsed),
        _ => None,
    }
}

/// Where a property stands, or its node if it does not.
pub(super) fn place_of(node: &Node, property: &str) -> Place {
    node.property(property)
        .map_or(node.at, |property| property.at)
}

/// The element and the component, 0 if none, that a reference names: `SV101-2` in the segment `SV1` is (1, 2).
pub(super) fn reference(segment: &str, word: &str) -> Option<(u8, u8)> {
    let rest = word.strip_prefix(segment)?;
    let (element, component) = match rest.split_once('-') {
        Some((element, component)) => (element, ordinal(component)?),
        None => (rest, 0),
    };
    if element.len() != 2 {
        return None;
    }
    Some((ordinal(element)?, component))
}

/// One or two digits as a number from one up.
pub(super) fn ordinal(digits: &str) -> Option<u8> {
    let plain = matches!(digits.len(), 1 | 2) && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain
        .then(|| digits.parse().ok())
        .flatten()
        .filter(|&number| number > 0)
}
