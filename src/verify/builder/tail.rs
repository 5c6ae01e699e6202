//! The last lines of a program's output. A program that prints without end takes no more memory than these.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};

use crate::text::words::shortened;

/// The number of lines that are kept.
pub(super) const LINES: usize = 20;

/// The number of characters of a line that are kept.
pub(super) const LINE: usize = 400;

/// The number of bytes after which a line ends even without a line feed.
const LONGEST: u64 = 1 << 20;

/// The last lines of a program's output.
#[derive(Debug, Default)]
pub(in crate::verify) struct Tail(VecDeque<String>);

impl Tail {
    /// Reads the whole output of a program.
    pub(in crate::verify) fn of(output: &mut dyn Read) -> Self {
        let mut tail = Self::default();
        let mut output = BufReader::new(output);
        let mut line = Vec::new();
        while output.by_ref().take(LONGEST).read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
            tail.push(String::from_utf8_lossy(&line).trim_end());
            line.clear();
        }
        tail
    }

    /// Adds a line.
    pub(super) fn push(&mut self, line: &str) {
        if self.0.len() == LINES {
            self.0.pop_front();
        }
        self.0.push_back(shortened(line, LINE));
    }

    /// The lines, oldest first.
    pub(in crate::verify) fn lines(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}
