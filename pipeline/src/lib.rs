//! The road of a file between trading partners. Empty: the issue "The embedded pipeline" fills this package.
