//! The forms that an element of X12 can have.

/// What a guide says of the form of an element.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Form {
    /// A value: delimiters inside it are part of it.
    Simple,
    /// Components.
    Composite,
    /// Repetitions of a value.
    Repeating,
    /// Repetitions of components.
    RepeatingComposite,
}
