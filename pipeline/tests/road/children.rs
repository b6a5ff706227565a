//! The processes that a process has started, as Linux tells of them.

use std::{fs, io};

/// Their numbers.
pub fn children(process: u32) -> io::Result<Vec<i32>> {
    let mut children = Vec::new();
    for thread in fs::read_dir(format!("/proc/{process}/task"))? {
        // A thread may end while one looks.
        let of_thread = fs::read_to_string(thread?.path().join("children")).unwrap_or_default();
        let words = of_thread.split_whitespace();
        children.extend(words.filter_map(|word| word.parse::<i32>().ok()));
    }
    Ok(children)
}
