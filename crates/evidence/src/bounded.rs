//! A reader that keeps a JSON parser's memory small whatever it reads: the parser keeps a string until it ends, and a byte
//! for every bracket that is open.

use std::io::{self, Read};

/// The longest string, in bytes as written. The longest honest ones are a database's own words.
const STRING_BYTES_MAX: usize = 1 << 20;
/// The deepest nesting. A run has 6 levels, and fields that the schema does not know may have some of their own.
const DEPTH_MAX: usize = 128;

/// Hands on what it reads, up to the byte at which a string is too long or the nesting too deep.
pub(crate) struct Bounded<R> {
    from: R,
    /// Bytes handed on.
    at: u64,
    depth: usize,
    /// Inside a string: its length so far.
    string: Option<usize>,
    /// The byte before was a backslash inside a string.
    escaped: bool,
    refused: Option<&'static str>,
}

impl<R: Read> Bounded<R> {
    pub(crate) fn new(from: R) -> Self {
        Self { from, at: 0, depth: 0, string: None, escaped: false, refused: None }
    }

    /// Why the next byte cannot be read.
    fn refuses(&mut self, byte: u8) -> Option<&'static str> {
        if let Some(length) = &mut self.string {
            *length += 1;
            if *length > STRING_BYTES_MAX {
                return Some("a string of more than 1 MiB");
            }
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.string = None,
                _ => {}
            }
            return None;
        }
        match byte {
            b'"' => self.string = Some(0),
            b'[' | b'{' => self.depth += 1,
            b']' | b'}' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        (self.depth > DEPTH_MAX).then_some("more than 128 levels of brackets")
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(what) = self.refused {
            return Err(io::Error::other(format!("{what} at byte {}, and no run.json has that", self.at)));
        }
        let mut read = self.from.read(buffer)?;
        for (at, &byte) in buffer[..read].iter().enumerate() {
            self.refused = self.refuses(byte);
            if self.refused.is_some() {
                read = at;
                break;
            }
        }
        self.at += read as u64;
        // None read would be the end.
        if read == 0 && self.refused.is_some() { self.read(buffer) } else { Ok(read) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<u64, String> {
        io::copy(&mut Bounded::new(text.as_bytes()), &mut io::sink()).map_err(|error| error.to_string())
    }

    #[test]
    fn what_a_parser_would_keep_is_limited() {
        let string = |length: usize| format!("[\"{}\"]", "\\\"".repeat(length / 2));
        let depth = |levels: usize| "[".repeat(levels);
        for text in ["", "]]]]{}", &string(STRING_BYTES_MAX - 2), &depth(DEPTH_MAX), &"[\"[\\\"[\"]".repeat(1000)] {
            assert_eq!(read(text), Ok(text.len() as u64), "{}", &text[..text.len().min(40)]);
        }
        assert_eq!(
            read(&string(STRING_BYTES_MAX + 2)),
            Err("a string of more than 1 MiB at byte 1048578, and no run.json has that".into())
        );
        assert_eq!(
            read(&depth(DEPTH_MAX + 1)),
            Err("more than 128 levels of brackets at byte 128, and no run.json has that".into())
        );
    }
}
