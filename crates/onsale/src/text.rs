//! Text that came from outside: which encoding its bytes are in, and which of its characters nobody can see.

use std::{borrow::Cow, fmt};
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

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

/// A name as a person typed it, made comparable: without the blanks and invisible characters around it, and composed
/// (Unicode's normalisation form C), so that `ë` is one name whether a keyboard sends one character or two. Nothing is
/// left of a name that nobody can see.
///
/// What joins or selects shapes stays where a script or an emoji needs it: a joiner after a character that is not ASCII
/// (Persian, Indic scripts, 👩‍💻), a variation selector also after a digit (1️⃣), the tags of a flag.
///
/// # Errors
/// The character that is not allowed: one that breaks a line or controls a terminal, one that changes the direction of
/// what follows, one that stands for unreadable bytes (U+FFFD), or an invisible one where no script needs it.
pub fn composed(name: &str) -> Result<Cow<'_, str>, char> {
    if let Some(refused) = name.chars().find(|c| c.is_control() || is_steering(*c) || *c == char::REPLACEMENT_CHARACTER)
    {
        return Err(refused);
    }
    let around = |c: char| c.is_whitespace() || c == BRAILLE_BLANK || is_invisible(c);
    let name = name.trim_start_matches(around).trim_end_matches(|c| around(c) && !is_selector(c));
    let mut before = '\0';
    for c in name.chars() {
        if is_invisible(c) && !is_needed_after(before, c) {
            return Err(c);
        }
        before = c;
    }
    Ok(match is_nfc_quick(name.chars()) {
        IsNormalized::Yes => Cow::Borrowed(name),
        _ => Cow::Owned(name.nfc().collect()),
    })
}

/// Whether it changes the direction of the text after it, or ends its line: it would turn around what is printed next.
pub const fn is_steering(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Drawn as a blank; no white space to Unicode.
const BRAILLE_BLANK: char = '\u{2800}';

/// What Unicode calls default-ignorable: nothing is drawn for it.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}')
        || is_selector(c)
}

/// Chooses the shape of the character before it, or spells a flag.
fn is_selector(c: char) -> bool {
    matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{e0000}'..='\u{e0fff}')
}

fn is_needed_after(before: char, c: char) -> bool {
    match c {
        '\u{fe00}'..='\u{fe0f}' => !before.is_ascii() || before.is_ascii_digit() || "#*".contains(before),
        '\u{180b}'..='\u{180f}' | '\u{200c}' | '\u{200d}' | '\u{e0100}'..='\u{e01ef}' => !before.is_ascii(),
        '\u{e0020}'..='\u{e007f}' => matches!(before, '🏴' | '\u{e0020}'..='\u{e007f}'),
        _ => false,
    }
}

/// The whole number that a number is, however it was written: 4, 4.0 or 4e0. A fraction is none, and neither is what is
/// too large for every whole number around it to have a place of its own.
#[expect(clippy::cast_possible_truncation, reason = "it is whole and within the range")]
pub fn whole(number: f64) -> Option<i64> {
    const EXACT_UP_TO: f64 = 9_007_199_254_740_992.0;
    (number.fract() == 0.0 && number.abs() <= EXACT_UP_TO).then_some(number as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_is_one_text_and_what_nobody_sees_is_none() {
        for (typed, name) in [
            ("Ada", "Ada"),
            ("  Ada Lovelace\u{a0}", "Ada Lovelace"),
            ("\u{feff}Ada\u{200b}", "Ada"),
            ("Zoe\u{308}", "Zoë"),
            ("Zoë", "Zoë"),
            ("\u{1112}\u{1161}\u{11ab}", "한"),
            ("می\u{200c}خواهم", "می\u{200c}خواهم"),
            ("👩\u{200d}💻", "👩\u{200d}💻"),
            ("❤\u{fe0f}", "❤\u{fe0f}"),
            ("1\u{fe0f}\u{20e3}", "1\u{fe0f}\u{20e3}"),
            ("🏴\u{e0067}\u{e0062}\u{e007f}", "🏴\u{e0067}\u{e0062}\u{e007f}"),
        ] {
            assert_eq!(composed(typed).as_deref(), Ok(name), "{typed:?}");
        }
        for unseen in [
            "",
            " ",
            "\u{a0}\u{3000}",
            "\u{200b}",
            "\u{3164}",
            "\u{2060}\u{2060}",
            "\u{ad}",
            "\u{feff}",
            "\u{200d}",
            "\u{200c}\u{200c}",
            "\u{fe0f}",
            "\u{e0041}\u{e007f}",
            "\u{2800}",
            "\u{115f}\u{1160}",
            " \u{180e} ",
        ] {
            assert_eq!(composed(unseen).as_deref(), Ok(""), "{unseen:?}");
        }
        for refused in [
            "a\nb",
            "Ada\n",
            "\u{7f}",
            "a\u{85}",
            "a\u{202e}b",
            "\u{202a}",
            "a\u{2066}b\u{2069}",
            "a\u{200e}",
            "\u{200f}a",
            "a\u{2028}b",
            "a\u{200b}b",
            "a\u{200d}b",
            "a\u{ad}b",
            "A\u{feff}B",
            "a\u{e0062}",
            "a\u{fe0f}",
            "Zo\u{fffd}",
            "a\u{3164}b",
            "\u{61c}a",
        ] {
            assert!(composed(refused).is_err(), "{refused:?}");
        }
    }

    #[test]
    fn a_whole_number_is_whole_however_it_is_written() {
        for (number, expect) in [
            (4.0, Some(4)),
            (4e0, Some(4)),
            (-1.0, Some(-1)),
            (0.0, Some(0)),
            (4.5, None),
            (1e300, None),
            (f64::NAN, None),
        ] {
            assert_eq!(whole(number), expect, "{number}");
        }
        assert_eq!((whole(f64::INFINITY), whole(-0.0)), (None, Some(0)));
    }

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
