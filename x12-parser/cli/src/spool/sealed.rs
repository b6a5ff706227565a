//! Plain text that waits on a disk: sealed under a key that stands in memory alone, and is gone with the process.
//!
//! The door of `aead-stream`, `aes-gcm` and `getrandom`: STREAM over AES-256-GCM, so that no chunk can be changed, moved or cut off unseen.

use std::fs::File;
use std::io::{self, Read, Seek, Write};

use aead_stream::{NewStream, StreamBE32, StreamPrimitive};
use aes_gcm::{Aes256Gcm, KeyInit};

/// Bytes of plain text that are sealed together.
const CHUNK: usize = 1 << 16;

/// Bytes that authenticate a chunk.
const TAG: usize = 16;

/// A file that only this process can read.
pub struct Sealed {
    file: File,
    cipher: Aes256Gcm,
}

impl Sealed {
    /// Copies all that a reader gives to an empty file; the outer error is the reader's, the inner one the file's.
    pub fn copy(mut from: impl Read, mut file: File) -> io::Result<io::Result<Self>> {
        let cipher = match key() {
            Ok(cipher) => cipher,
            Err(error) => return Ok(Err(error)),
        };
        let stream = stream(&cipher);
        let mut chunk = Vec::with_capacity(CHUNK + TAG);
        for position in 0.. {
            chunk.clear();
            (&mut from).take(CHUNK as u64).read_to_end(&mut chunk)?;
            let is_last = chunk.len() < CHUNK;
            let sealed = stream.encrypt_in_place(position, is_last, b"", &mut chunk);
            let sealed = sealed.map_err(|_| io::Error::from(io::ErrorKind::FileTooLarge));
            if let Err(error) = sealed.and_then(|()| file.write_all(&chunk)) {
                return Ok(Err(error));
            }
            if is_last {
                break;
            }
        }
        Ok(Ok(Self { file, cipher }))
    }

    /// Reads it from its start; one reader at a time.
    pub fn read(&self) -> io::Result<Opened<'_>> {
        (&self.file).rewind()?;
        Ok(Opened {
            file: &self.file,
            stream: stream(&self.cipher),
            position: Some(0),
            chunk: Vec::with_capacity(CHUNK + TAG),
            given: 0,
        })
    }
}

/// What reads a [`Sealed`] file.
pub struct Opened<'s> {
    file: &'s File,
    stream: StreamBE32<Aes256Gcm>,
    /// Of the next chunk; none behind the last.
    position: Option<u32>,
    chunk: Vec<u8>,
    /// Bytes of the chunk that were given.
    given: usize,
}

impl Opened<'_> {
    fn advance(&mut self) -> io::Result<()> {
        let Some(position) = self.position else {
            return Ok(());
        };
        let whole = CHUNK + TAG;
        self.chunk.clear();
        self.given = 0;
        self.file.take(whole as u64).read_to_end(&mut self.chunk)?;
        let is_last = self.chunk.len() < whole;
        self.position = position.checked_add(1).filter(|_| !is_last);
        let chunk = &mut self.chunk;
        let opened = self.stream.decrypt_in_place(position, is_last, b"", chunk);
        opened.map_err(|_| io::ErrorKind::InvalidData.into())
    }
}

impl Read for Opened<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        while self.given == self.chunk.len() && self.position.is_some() {
            self.advance()?;
        }
        let mut left = self.chunk.get(self.given..).unwrap_or_default();
        let read = left.read(to)?;
        self.given += read;
        Ok(read)
    }
}

fn key() -> io::Result<Aes256Gcm> {
    let mut key = [0; 32];
    let none = |_| io::Error::other("the operating system gives no random bytes");
    getrandom::fill(&mut key).map_err(none)?;
    Ok(Aes256Gcm::new(&key.into()))
}

/// Each key seals one file, so that nothing random is needed beside it.
fn stream(cipher: &Aes256Gcm) -> StreamBE32<Aes256Gcm> {
    StreamBE32::from_aead(cipher.clone(), &[0; 7].into())
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Seek, SeekFrom, Write};

    use super::{CHUNK, Sealed};
    use crate::spool::nameless;

    fn sealed(plain: &[u8]) -> Sealed {
        let file = nameless().expect("there is a temporary folder");
        let sealed = Sealed::copy(plain, file).expect("memory can be read");
        sealed.expect("the file can be written")
    }

    #[test]
    fn what_is_sealed_is_read_again_and_again_and_stands_nowhere_in_the_file() {
        for length in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK] {
            let plain = b"a claim of somebody;".repeat(length / 20 + 1);
            let sealed = sealed(&plain[..length]);
            for _ in 0..2 {
                let mut read = Vec::new();
                let mut opened = sealed.read().expect("it can be read");
                opened.read_to_end(&mut read).expect("it is authentic");
                assert!(read == plain[..length], "{length} bytes");
            }
            let mut raw = Vec::new();
            let mut file = &sealed.file;
            file.rewind().expect("it can be read");
            file.read_to_end(&mut raw).expect("it can be read");
            let shows = raw.windows(10).any(|bytes| bytes == b"of somebod");
            assert!(!shows, "{length} bytes");
        }
    }

    #[test]
    fn what_was_changed_or_cut_off_is_not_given() {
        let plain = vec![b'x'; 2 * CHUNK];
        let fails = |sealed: &Sealed| {
            let mut opened = sealed.read().expect("it can be read");
            opened.read_to_end(&mut Vec::new()).is_err()
        };
        let changed = sealed(&plain);
        let mut file = &changed.file;
        file.seek(SeekFrom::Start(70_000)).expect("it is longer");
        file.write_all(b"?").expect("it can be written");
        assert!(fails(&changed));
        let cut = sealed(&plain);
        cut.file.set_len((CHUNK + 16) as u64).expect("it is longer");
        assert!(fails(&cut));
    }
}
