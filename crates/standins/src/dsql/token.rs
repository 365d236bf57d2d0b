//! The IAM token that is the password: a presigned `SigV4` URL without its scheme.
//!
//! Checked by hand with HMAC and SHA-256 rather than with the crate that signs it, so that signer and verifier cannot
//! share a mistake.

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use time::macros::format_description;
use time::{Duration, OffsetDateTime, PrimitiveDateTime};

/// What a token must have been signed for, and with what.
#[derive(Debug)]
pub(super) struct Expected<'a> {
    pub(super) host: &'a str,
    pub(super) region: &'a str,
    pub(super) access_key: &'a str,
    pub(super) secret_key: &'a str,
}

const ACTION: &str = "DbConnectAdmin";
const SERVICE: &str = "dsql";
const SIGNATURE: &str = "X-Amz-Signature";
/// A week, the longest AWS allows.
const EXPIRES_S_MAX: i64 = 7 * 24 * 3600;
/// How far a client's clock may be ahead of ours.
const AHEAD: Duration = Duration::minutes(5);

/// Accepts the token, or names the first check that failed, for the log only.
pub(super) fn verify(token: &str, expected: &Expected<'_>, now: OffsetDateTime) -> Result<(), &'static str> {
    let (host, query) = token.split_once("/?").ok_or("it is no presigned URL")?;
    if host != expected.host {
        return Err("it is for another host");
    }
    let pairs: Option<Vec<(String, String)>> = query.split('&').map(pair).collect();
    let pairs = pairs.ok_or("its query is malformed")?;
    let one = |name: &str| {
        let mut found = pairs.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
        found.next().filter(|_| found.next().is_none()).ok_or("a parameter is missing or given twice")
    };
    if one("Action")? != ACTION {
        return Err("it is for another action");
    }
    if one("X-Amz-Algorithm")? != "AWS4-HMAC-SHA256" || one("X-Amz-SignedHeaders")? != "host" {
        return Err("it is signed in another way");
    }
    let at = one("X-Amz-Date")?;
    let day = at.get(..8).ok_or("its date is malformed")?;
    let scope = format!("{day}/{}/{SERVICE}/aws4_request", expected.region);
    let (key, given_scope) = one("X-Amz-Credential")?.split_once('/').ok_or("its credential is malformed")?;
    if key != expected.access_key {
        return Err("its access key is unknown");
    }
    if given_scope != scope {
        return Err("it is for another day, region or service");
    }
    in_time(at, one("X-Amz-Expires")?, now)?;
    let signed = format!("AWS4-HMAC-SHA256\n{at}\n{scope}\n{}", hex(&Sha256::digest(canonical(&pairs, host))));
    let signature = unhex(one(SIGNATURE)?).ok_or("its signature is malformed")?;
    let key = signing_key(expected, day)?;
    mac(&key)?.chain_update(signed).verify_slice(&signature).map_err(|_| "its signature is wrong")
}

fn in_time(at: &str, expires_s: &str, now: OffsetDateTime) -> Result<(), &'static str> {
    let format = format_description!("[year][month][day]T[hour][minute][second]Z");
    let signed = PrimitiveDateTime::parse(at, format).map_err(|_| "its date is malformed")?.assume_utc();
    let expires_s: i64 = expires_s.parse().map_err(|_| "its expiry is malformed")?;
    if !(1..=EXPIRES_S_MAX).contains(&expires_s) {
        return Err("its expiry is out of range");
    }
    if signed > now + AHEAD {
        return Err("it is from the future");
    }
    if now >= signed + Duration::seconds(expires_s) {
        return Err("it has expired");
    }
    Ok(())
}

/// The canonical request of a GET without a body, whose only header is the host.
fn canonical(pairs: &[(String, String)], host: &str) -> String {
    let signed = pairs.iter().filter(|(key, _)| key != SIGNATURE);
    let mut encoded: Vec<(String, String)> = signed.map(|(key, value)| (encode(key), encode(value))).collect();
    encoded.sort_unstable();
    let query: Vec<String> = encoded.into_iter().map(|(key, value)| format!("{key}={value}")).collect();
    format!("GET\n/\n{}\nhost:{host}\n\nhost\n{}", query.join("&"), hex(&Sha256::digest(b"")))
}

fn signing_key(expected: &Expected<'_>, day: &str) -> Result<Vec<u8>, &'static str> {
    let mut key = format!("AWS4{}", expected.secret_key).into_bytes();
    for step in [day, expected.region, SERVICE, "aws4_request"] {
        key = mac(&key)?.chain_update(step).finalize().into_bytes().to_vec();
    }
    Ok(key)
}

fn mac(key: &[u8]) -> Result<Hmac<Sha256>, &'static str> {
    Hmac::new_from_slice(key).map_err(|_| "its key cannot be used")
}

fn pair(text: &str) -> Option<(String, String)> {
    let (key, value) = text.split_once('=')?;
    Some((decode(key)?, decode(value)?))
}

fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let (byte, after) = match first {
            b'%' => (unhex(text_of(after.get(..2)?)?)?.pop()?, after.get(2..)?),
            b'+' => (b' ', after),
            other => (other, after),
        };
        bytes.push(byte);
        rest = after;
    }
    String::from_utf8(bytes).ok()
}

fn text_of(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

/// RFC 3986, as `SigV4` wants it.
fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| if pair.len() == 2 { u8::from_str_radix(text_of(pair)?, 16).ok() } else { None }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    /// Signed by AWS' own SDK: the example in its tests.
    const TOKEN: &str = "peccy.dsql.us-east-1.on.aws/?Action=DbConnectAdmin&X-Amz-Algorithm=AWS4-HMAC-SHA256\
        &X-Amz-Credential=akid%2F20240827%2Fus-east-1%2Fdsql%2Faws4_request&X-Amz-Date=20240827T000000Z\
        &X-Amz-Expires=450&X-Amz-SignedHeaders=host\
        &X-Amz-Signature=267cf8d04d84444f7a62d5bdb40c44bfc6cb13dd6c64fa7f772df6bbaa90fff1";

    fn expected() -> Expected<'static> {
        Expected { host: "peccy.dsql.us-east-1.on.aws", region: "us-east-1", access_key: "akid", secret_key: "secret" }
    }

    #[test]
    fn a_token_is_accepted_only_as_it_was_signed() {
        let signed = datetime!(2024-08-27 00:00 UTC);
        let at = |seconds| signed + Duration::seconds(seconds);
        let table: [(&str, Expected<'_>, OffsetDateTime, Result<(), &str>); 13] = [
            (TOKEN, expected(), at(0), Ok(())),
            (TOKEN, expected(), at(449), Ok(())),
            (TOKEN, expected(), at(450), Err("it has expired")),
            (TOKEN, expected(), at(-301), Err("it is from the future")),
            (
                TOKEN,
                Expected { host: "other.dsql.us-east-1.on.aws", ..expected() },
                at(0),
                Err("it is for another host"),
            ),
            (
                TOKEN,
                Expected { region: "us-east-2", ..expected() },
                at(0),
                Err("it is for another day, region or service"),
            ),
            (TOKEN, Expected { access_key: "other", ..expected() }, at(0), Err("its access key is unknown")),
            (TOKEN, Expected { secret_key: "other", ..expected() }, at(0), Err("its signature is wrong")),
            (&TOKEN.replace("450", "900"), expected(), at(0), Err("its signature is wrong")),
            (&TOKEN.replace("450", "604801"), expected(), at(0), Err("its expiry is out of range")),
            (&TOKEN.replace("DbConnectAdmin", "DbConnect"), expected(), at(0), Err("it is for another action")),
            (&TOKEN.replace("Fdsql", "Fs3"), expected(), at(0), Err("it is for another day, region or service")),
            ("password", expected(), at(0), Err("it is no presigned URL")),
        ];
        for (token, expected, now, expect) in table {
            assert_eq!(verify(token, &expected, now), expect, "{token} {expected:?} {now}");
        }
    }
}
