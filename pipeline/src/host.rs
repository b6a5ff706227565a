//! The host in an address, and whether it is this one: what is not encrypted may go to no other.

/// A host and its port, as an address has them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Host<'a> {
    /// Its name, or its address without brackets.
    pub name: &'a str,
    /// Its port, if one is said.
    pub port: Option<u16>,
}

impl<'a> Host<'a> {
    /// Reads `HOST`, `HOST:PORT`, `[::1]` or `[::1]:PORT`; none if it is none of these.
    #[must_use]
    pub fn read(authority: &'a str) -> Option<Self> {
        let (name, rest) = match authority.strip_prefix('[') {
            Some(address) => address.split_once(']')?,
            None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
        };
        let port = match rest.strip_prefix(':') {
            Some(port) => Some(port.parse().ok()?),
            None if rest.is_empty() => None,
            None => return None,
        };
        let is_name = !name.is_empty() && !name.contains(char::is_whitespace);
        is_name.then_some(Self { name, port })
    }

    /// Whether it is the host on which we run.
    #[must_use]
    pub fn is_this(&self) -> bool {
        ["localhost", "127.0.0.1", "::1"].contains(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_read_with_their_ports() {
        let host = |name, port| Some(Host { name, port });
        let cases = [
            ("acme.example", host("acme.example", None)),
            ("acme.example:22", host("acme.example", Some(22))),
            ("[::1]", host("::1", None)),
            ("[::1]:22", host("::1", Some(22))),
            ("::1", None),
            ("[::1", None),
            ("[::1]22", None),
            ("acme:", None),
            ("acme:70000", None),
            ("", None),
            ("a b", None),
        ];
        for (authority, expected) in cases {
            assert_eq!(Host::read(authority), expected, "{authority}");
        }
    }

    #[test]
    fn this_host_is_no_other() {
        let is_this = |name| Host { name, port: None }.is_this();
        assert!(is_this("localhost") && is_this("127.0.0.1") && is_this("::1"));
        assert!(!is_this("localhost.example") && !is_this("127.0.0.11"));
    }
}
