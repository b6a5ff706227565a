//! Where files are: a folder of this machine, or a prefix of a bucket.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// Where files are.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(try_from = "String")]
pub enum Location {
    /// A folder.
    Folder(PathBuf),
    /// What lies in a bucket under a prefix: `s3://BUCKET/PREFIX`.
    Bucket {
        /// Its name.
        bucket: String,
        /// Nothing, or what ends with `/`.
        prefix: String,
    },
}

impl Location {
    /// The same, if it is a folder as seen from another one.
    #[must_use]
    pub fn below(self, home: &Path) -> Self {
        match self {
            Self::Folder(folder) => Self::Folder(home.join(folder)),
            bucket @ Self::Bucket { .. } => bucket,
        }
    }

    /// What lies in it under a name.
    #[must_use]
    pub fn join(self, name: &str) -> Self {
        match self {
            Self::Folder(folder) => Self::Folder(folder.join(name)),
            Self::Bucket { bucket, prefix } => Self::Bucket {
                bucket,
                prefix: format!("{prefix}{name}/"),
            },
        }
    }
}

impl From<PathBuf> for Location {
    fn from(folder: PathBuf) -> Self {
        Self::Folder(folder)
    }
}

impl TryFrom<String> for Location {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let Some(place) = text.strip_prefix("s3://") else {
            return match text.contains("://") {
                true => Err(format!(
                    "`{text}` is no folder and no address s3://BUCKET/PREFIX"
                )),
                false => Ok(Self::Folder(text.into())),
            };
        };
        let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
        if !is_bucket(bucket) {
            return Err(format!("`{bucket}` is no name of a bucket"));
        }
        let prefix = prefix.trim_end_matches('/');
        let end = if prefix.is_empty() { "" } else { "/" };
        Ok(Self::Bucket {
            bucket: bucket.to_owned(),
            prefix: format!("{prefix}{end}"),
        })
    }
}

/// As S3 has it: 3 to 63 small letters, digits, hyphens and dots, the first and last no hyphen or dot.
fn is_bucket(name: &str) -> bool {
    let is_part = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = name.as_bytes();
    (3..=63).contains(&bytes.len())
        && bytes.iter().all(|b| is_part(b) || matches!(b, b'-' | b'.'))
        && bytes.first().is_some_and(is_part)
        && bytes.last().is_some_and(is_part)
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => write!(f, "{}", folder.display()),
            Self::Bucket { bucket, prefix } => {
                write!(f, "s3://{bucket}/{}", prefix.trim_end_matches('/'))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_and_buckets_are_told_apart() {
        let cases = [
            ("exchange/acme/in", "exchange/acme/in"),
            ("/srv/x12", "/srv/x12"),
            ("s3://acme-in", "s3://acme-in/"),
            ("s3://acme-in/claims/", "s3://acme-in/claims"),
            ("s3://acme-in/a/b", "s3://acme-in/a/b"),
            ("s3://A", "`A` is no name of a bucket"),
            ("s3:///in", "`` is no name of a bucket"),
            ("s3://-acme/in", "`-acme` is no name of a bucket"),
            (
                "sftp://acme/in",
                "`sftp://acme/in` is no folder and no address s3://BUCKET/PREFIX",
            ),
        ];
        for (text, expected) in cases {
            let read = Location::try_from(text.to_owned());
            let shown = read.map_or_else(|error| error, |place| place.to_string());
            assert_eq!(shown, expected);
        }
    }

    #[test]
    fn what_lies_below_is_below() {
        let bucket = Location::try_from("s3://ours/x12".to_owned()).expect("it is one");
        let below = bucket.join("submit").join("acme");
        let Location::Bucket { prefix, .. } = &below else {
            panic!("it is a bucket");
        };
        assert_eq!(prefix, "x12/submit/acme/");
        let home = Path::new("/srv");
        assert_eq!(below.clone().below(home), below);
        let folder = Location::from(PathBuf::from("in"));
        assert_eq!(folder.below(home).to_string(), "/srv/in");
    }
}
