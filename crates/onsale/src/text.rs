//! Text that came from outside: which encoding its bytes are in, and which of its characters nobody can see.

use std::{borrow::Cow, fmt};

/// How the bytes of a text are encoded, as far as their beginning says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8 without a byte order mark, or anything else that is not recognised.
    Utf8,
    /// UTF-8 after a byte order mark of three bytes, as Windows writes it.
    Utf8Marked,
    /// UTF-16, the least significant byte first.
    Utf16Le,
    /// UTF-16, the most significant byte first.
    Utf16Be,
    /// UTF-32, in either order.
    Utf32,
}

/// The byte order mark of UTF-8.
pub const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

impl Encoding {
    /// Recognises the encoding by a byte order mark, or by the zero bytes that UTF-16 and UTF-32 put beside every ASCII
    /// character. The first four bytes of a text are enough.
    pub fn of(bytes: &[u8]) -> Self {
        match bytes {
            [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] | [1..=0xff, 0, 0, 0, ..] | [0, 0, 0, 1..=0xff, ..] => {
                Self::Utf32
            }
            [0xff, 0xfe, ..] | [1..=0xff, 0, 1..=0xff, 0, ..] => Self::Utf16Le,
            [0xfe, 0xff, ..] | [0, 1..=0xff, 0, 1..=0xff, ..] => Self::Utf16Be,
            [0xef, 0xbb, 0xbf, ..] => Self::Utf8Marked,
            _ => Self::Utf8,
        }
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Utf8 => "UTF-8",
            Self::Utf8Marked => "UTF-8 with a byte order mark",
            Self::Utf16Le => "UTF-16 (little endian)",
            Self::Utf16Be => "UTF-16 (big endian)",
            Self::Utf32 => "UTF-32",
        })
    }
}

/// Why bytes are not a text that can be read. Printed, it is one clause that says what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodingError {
    /// It is in an encoding that is not read.
    #[error("the text is encoded in {0}: save it as UTF-8")]
    Unsupported(Encoding),
    /// It is UTF-16 that breaks off or holds half a character.
    #[error("the text begins as {0} and is not valid UTF-16: save it as UTF-8")]
    Broken(Encoding),
    /// A byte that UTF-8 does not have there.
    #[error("byte {at} (0x{byte:02x}) is not valid UTF-8: save the text as UTF-8")]
    Invalid {
        /// How many bytes precede it.
        at: usize,
        /// The byte.
        byte: u8,
    },
}

/// Reads bytes as text: UTF-8, or UTF-16 after its byte order mark. A byte order mark is no part of the text.
///
/// # Errors
/// [`EncodingError`] names the encoding, or the first byte that is not UTF-8.
pub fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, EncodingError> {
    match Encoding::of(bytes) {
        Encoding::Utf8 => utf8(bytes, 0).map(Cow::Borrowed),
        Encoding::Utf8Marked => utf8(&bytes[BYTE_ORDER_MARK.len()..], BYTE_ORDER_MARK.len()).map(Cow::Borrowed),
        encoding @ (Encoding::Utf16Le | Encoding::Utf16Be) => {
            let Some(text) = bytes.strip_prefix(b"\xff\xfe").or_else(|| bytes.strip_prefix(b"\xfe\xff")) else {
                return Err(EncodingError::Unsupported(encoding));
            };
            let (pairs, rest) = text.as_chunks::<2>();
            let unit = if encoding == Encoding::Utf16Le { u16::from_le_bytes } else { u16::from_be_bytes };
            let decoded: Result<String, _> = char::decode_utf16(pairs.iter().map(|pair| unit(*pair))).collect();
            match decoded {
                Ok(text) if rest.is_empty() => Ok(Cow::Owned(text)),
                _ => Err(EncodingError::Broken(encoding)),
            }
        }
        Encoding::Utf32 => Err(EncodingError::Unsupported(Encoding::Utf32)),
    }
}

fn utf8(bytes: &[u8], before: usize) -> Result<&str, EncodingError> {
    std::str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to();
        EncodingError::Invalid { at: before + at, byte: bytes.get(at).copied().unwrap_or_default() }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_harmless_is_read_and_the_rest_is_named() {
        let utf16 = |text: &str, bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
        let (little, big) = (utf16("\u{feff}{\"a\":\"ë😀\"}", u16::to_le_bytes), utf16("\u{feff}ë", u16::to_be_bytes));
        for (bytes, text) in [
            (b"".as_slice(), ""),
            (b"{}", "{}"),
            ("ë".as_bytes(), "ë"),
            (b"\xef\xbb\xbf", ""),
            (b"\xef\xbb\xbf{\r\n}", "{\r\n}"),
            (&little, "{\"a\":\"ë😀\"}"),
            (&big, "ë"),
            (b"a\0b", "a\0b"),
        ] {
            assert_eq!(decode(bytes).as_deref(), Ok(text), "{bytes:?}");
        }
        let bare = utf16("{\"a\"", u16::to_le_bytes);
        for (bytes, named) in [
            (b"Zo\xeb".as_slice(), "byte 2 (0xeb) is not valid UTF-8"),
            (b"\xef\xbb\xbfZo\xeb", "byte 5 (0xeb)"),
            (b"caf\xc3", "byte 3 (0xc3)"),
            (&bare, "UTF-16 (little endian): save it as UTF-8"),
            (&utf16("{\"a\"", u16::to_be_bytes), "UTF-16 (big endian)"),
            (b"\xff\xfea", "not valid UTF-16"),
            (b"\xff\xfe\x00\xd8a\0", "not valid UTF-16"),
            (b"\xff\xfe\0\0{\0\0\0", "UTF-32"),
            (b"{\0\0\0", "UTF-32"),
            (b"\0\0\0{", "UTF-32"),
        ] {
            let refusal = decode(bytes).unwrap_err().to_string();
            assert!(refusal.contains(named), "{bytes:?}: {refusal}");
        }
    }
}
