//! The fields of a body, a query or a form, each given once and each known.

use super::Problem;
use app::error::AppError;
use onsale::text;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::{Map, Value};
use std::{borrow::Cow, fmt, ops::RangeInclusive};

/// What a client sent, by name. What is left out, or null, means its default.
#[derive(Debug, Default)]
pub struct Fields(Map<String, Value>);

impl Fields {
    /// Reads a JSON object.
    pub fn of_json(body: &[u8]) -> Result<Self, Problem> {
        let wrong = |why: &dyn fmt::Display| mistake(format!("The body must be a JSON object: {why}"));
        let body = text::decode(body).map_err(|error| wrong(&error))?;
        // A list of values would be read as the fields in their order.
        if !body.trim_start().starts_with('{') {
            return Err(wrong(&"it does not begin with {"));
        }
        serde_json::from_str(&body).map_err(|error| wrong(&error))
    }

    /// Reads a query, or the body of a form: `name=value&name=value`, percent-encoded UTF-8.
    pub fn of_form(form: &str) -> Result<Self, Problem> {
        let mut fields = Map::new();
        for pair in form.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = unescaped(name).map_err(|why| mistake(format!("The name of a parameter is {why}")))?;
            let value = unescaped(value).map_err(|why| mistake(format!("{} is {why}", shown(&name))))?;
            if fields.insert(name.clone(), Value::String(value)).is_some() {
                return Err(mistake(format!("{} is given twice: give it once", shown(&name))));
            }
        }
        Ok(Self(fields))
    }

    /// Refuses every field but those named.
    pub fn only(self, known: &[&str]) -> Result<Self, Problem> {
        match self.0.keys().find(|name| !known.contains(&name.as_str())) {
            Some(name) => {
                let known = known.join(", ");
                Err(mistake(format!("unknown field '{}': this call takes {known}", shown(name))))
            }
            None => Ok(self),
        }
    }

    /// A field that is there.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// A text, if it is given.
    pub fn text(&self, name: &str) -> Result<Option<&str>, Problem> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(mistake(format!("{name} must be a text in quotes"))),
        }
    }

    /// A whole number, or its default.
    pub fn number(&self, name: &str, default: u32, allowed: RangeInclusive<u32>) -> Result<u32, Problem> {
        self.get(name).map_or(Ok(default), |value| number(name, value, allowed))
    }

    /// A list, if it is given, each element read by `read`.
    pub fn list<T>(
        &self,
        name: &str,
        example: &str,
        read: impl Fn(&Value) -> Option<Result<T, Problem>>,
    ) -> Result<Option<Vec<T>>, Problem> {
        let Some(list) = self.get(name) else { return Ok(None) };
        let wrong = || mistake(format!("{name} must be a list, such as {example}"));
        let list = list.as_array().ok_or_else(wrong)?;
        list.iter().map(|value| read(value).unwrap_or_else(|| Err(wrong()))).collect::<Result<_, _>>().map(Some)
    }
}

/// A whole number within its range, however it is written: 4, 4.0 or 4e0.
pub fn number(name: &str, value: &Value, allowed: RangeInclusive<u32>) -> Result<u32, Problem> {
    let whole = value.as_i64().or_else(|| text::whole(value.as_f64()?));
    let number = whole.and_then(|n| u32::try_from(n).ok()).filter(|n| allowed.contains(n));
    number.ok_or_else(|| {
        let (least, most) = allowed.into_inner();
        let got: String = value.to_string().chars().take(24).collect();
        mistake(format!("{name} must be a whole number from {least} to {most}; {got} is not"))
    })
}

/// The caller's mistake.
pub fn mistake(what: String) -> Problem {
    Problem::from(AppError::Invalid(what))
}

/// A name or a value of a form as it was before it was percent-encoded; or why that cannot be told.
fn unescaped(text: &str) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        bytes.push(match (first, after) {
            (b'+', _) => b' ',
            (b'%', [high, low, after @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                rest = after;
                let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
                digit(high).unwrap_or_default() << 4 | digit(low).unwrap_or_default()
            }
            (b'%', _) => return Err("not percent-encoded: two hexadecimal digits must follow %".to_owned()),
            _ => *first,
        });
    }
    String::from_utf8(bytes).map_err(|error| {
        let byte = error.as_bytes().get(error.utf8_error().valid_up_to()).copied().unwrap_or_default();
        format!("not UTF-8 (%{byte:02X}): encode its UTF-8 form, such as %C3%AB for \u{eb}")
    })
}

/// A name from outside, short enough to repeat.
fn shown(name: &str) -> Cow<'_, str> {
    if name.len() <= 24 && name.bytes().all(|byte| byte.is_ascii_graphic()) {
        return name.into();
    }
    name.chars().take(24).map(|c| if c.is_control() || text::is_steering(c) { '\u{b7}' } else { c }).collect()
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Once;
        impl<'de> Visitor<'de> for Once {
            type Value = Fields;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Fields, M::Error> {
                let mut fields = Map::new();
                while let Some(name) = map.next_key::<String>()? {
                    if fields.contains_key(&name) {
                        return Err(M::Error::custom(format!("duplicate field `{}`", shown(&name))));
                    }
                    let value = map.next_value()?;
                    fields.insert(name, value);
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(Once)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(problem: Problem) -> String {
        match problem {
            Problem::App(error) => error.to_string(),
            Problem::Request(_, text) => text,
        }
    }

    #[test]
    fn a_form_is_percent_encoded_utf_8() {
        for (form, value) in [
            ("buyer=Zo%C3%AB", "Zoë"),
            ("buyer=Zoe%CC%88", "Zoe\u{308}"),
            ("a=1&buyer=Ada+L%2B&", "Ada L+"),
            ("buyer=Zo\u{eb}", "Zoë"),
            ("bu%79er=x=y", "x=y"),
            ("buyer", ""),
        ] {
            let fields = Fields::of_form(form).unwrap();
            assert_eq!(fields.text("buyer").unwrap(), Some(value), "{form}");
        }
        for (form, named) in [
            ("buyer=Zo%EB", "buyer is not UTF-8 (%EB)"),
            ("buyer=%C3", "buyer is not UTF-8 (%C3)"),
            ("buyer=50%", "buyer is not percent-encoded"),
            ("buyer=%zz", "buyer is not percent-encoded"),
            ("%EB=1", "The name of a parameter is not UTF-8"),
            ("buyer=a&bu%79er=b", "buyer is given twice"),
        ] {
            let refusal = words(Fields::of_form(form).unwrap_err());
            assert!(refusal.contains(named), "{form}: {refusal}");
        }
    }

    #[test]
    fn a_body_is_an_object_of_fields_that_are_known_and_given_once() {
        let utf16: Vec<u8> = "\u{feff}{\"a\":1}".encode_utf16().flat_map(u16::to_le_bytes).collect();
        for body in [b"{\"a\":1}".as_slice(), b"\xef\xbb\xbf{\"a\":1.0}\r\n", b" {\"a\": 1e0}", &utf16] {
            let fields = Fields::of_json(body).unwrap().only(&["a"]).unwrap();
            assert_eq!(fields.number("a", 9, 0..=5).unwrap(), 1);
        }
        for (body, named) in [
            (b"{\"a\":1,\"a\":2}".as_slice(), "duplicate field `a`"),
            (b"{\"a\":1,\"\\u0061\":2}", "duplicate field `a`"),
            (b"{\"b\":1}", "unknown field 'b': this call takes a"),
            (b"{\"a\":\"Zo\xeb\"}", "byte 8 (0xeb) is not valid UTF-8"),
            (b"{\0\"\0", "UTF-16 (little endian)"),
            (b"[1]", "does not begin with {"),
        ] {
            let refusal = words(Fields::of_json(body).and_then(|fields| fields.only(&["a"])).unwrap_err());
            assert!(refusal.contains(named), "{body:?}: {refusal}");
        }
        for (number, named) in [
            ("4.5", "a must be a whole number from 0 to 5; 4.5 is not"),
            ("-1.0", "-1.0 is not"),
            ("6e0", "6.0 is not"),
        ] {
            let fields = Fields::of_json(format!("{{\"a\":{number}}}").as_bytes()).unwrap();
            let refusal = words(fields.number("a", 9, 0..=5).unwrap_err());
            assert!(refusal.contains(named), "{number}: {refusal}");
        }
    }
}
