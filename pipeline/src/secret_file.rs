//! Files with secrets: read whole, bounded, and only if nobody but their owner may read them.
//!
//! One of root's may be read by its group as well, if it is not written by it: so Kubernetes and systemd hand secrets to a service, and the
//! rule is PostgreSQL's too.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::limits::CONFIG_BYTES;

/// Why a file is not read.
#[derive(Debug)]
pub enum Unread {
    /// It cannot be.
    Io(io::Error),
    /// Group or others have a right to it.
    Exposed,
    /// It is larger than such a file may be.
    TooLarge,
}

/// The bytes of a file and what is known of it; the bytes are wiped when dropped, and never moved while they grow.
pub fn read(path: &Path) -> Result<(Zeroizing<Vec<u8>>, Metadata), Unread> {
    let file = File::open(path).map_err(Unread::Io)?;
    // The open file is asked, not the path: the two may differ by now.
    let metadata = file.metadata().map_err(Unread::Io)?;
    let us = rustix::process::geteuid().as_raw();
    if is_exposed(metadata.mode(), metadata.uid(), us) {
        return Err(Unread::Exposed);
    }
    Ok((read_open(file)?, metadata))
}

/// Whether others than we may read or write a file of this mode and owner.
fn is_exposed(mode: u32, owner: u32, us: u32) -> bool {
    let granted = if owner == 0 && us != 0 { 0o040 } else { 0 };
    mode & 0o077 & !granted != 0
}

/// The bytes of an open file, whoever may read it; they are wiped when dropped, and never moved while they grow.
pub fn read_open(file: File) -> Result<Zeroizing<Vec<u8>>, Unread> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(CONFIG_BYTES as usize + 1));
    let read = file.take(CONFIG_BYTES + 1).read_to_end(&mut bytes);
    match read.map_err(Unread::Io)? as u64 {
        0..=CONFIG_BYTES => Ok(bytes),
        _ => Err(Unread::TooLarge),
    }
}

/// The text of a file.
///
/// # Errors
/// [`Failure::Permanent`] if the file cannot be read, or others than its owner may read it.
pub fn read_text(path: &Path) -> crate::failure::Result<Zeroizing<String>> {
    let (bytes, _) = read(path).map_err(|unread| match unread {
        Unread::Io(_) => Failure::permanent("secret-file", "the file cannot be read"),
        Unread::Exposed => Failure::permanent(
            "secret-file-exposed",
            "others than its owner may read the file",
        ),
        Unread::TooLarge => Failure::permanent("secret-file", "the file is too large"),
    })?;
    let text = std::str::from_utf8(&bytes).unwrap_or_default();
    Ok(Zeroizing::new(text.to_owned()))
}

/// The first line of a file that holds but one.
///
/// # Errors
/// As [`read_text`], or if the file is empty.
pub fn read_line(path: &Path) -> crate::failure::Result<Zeroizing<String>> {
    let text = read_text(path)?;
    match text.lines().next().map(str::trim) {
        None | Some("") => Err(Failure::permanent("secret-file", "the file holds nothing")),
        Some(line) => Ok(Zeroizing::new(line.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_root_may_share_a_secret_with_the_group_that_we_are_in() {
        let (root, us, other) = (0, 65532, 1000);
        let read_alone = [0o600, 0o400];
        let read_by_a_group = [0o640, 0o440];
        let exposed = [0o660, 0o604, 0o644, 0o620, 0o602, 0o650, 0o610, 0o777];
        for (owner, we) in [(root, us), (us, us), (root, root), (other, us)] {
            assert!(read_alone.iter().all(|&mode| !is_exposed(mode, owner, we)));
            assert!(exposed.iter().all(|&mode| is_exposed(mode, owner, we)));
            let may_share = (owner, we) == (root, us);
            let is_shared = |&mode| is_exposed(mode, owner, we) != may_share;
            assert!(read_by_a_group.iter().all(is_shared));
        }
    }
}
