//! The road of a file between partners: empty until the issue that builds it, see README.md.
