//! The token by which the server signs in to Aurora DSQL: the Rust SDK's against botocore's, at the same moment.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "tests")]

#[allow(dead_code, reason = "of moto, only its Python")]
#[path = "aws/moto.rs"]
mod moto;

use aws_config::{Region, SdkConfig};
use aws_sdk_dsql::{
    auth_token::{AuthTokenGenerator, Config},
    config::{Credentials, SharedCredentialsProvider},
};
use aws_smithy_async::time::StaticTimeSource;
use serde_json::{Value, json};
use std::{
    io::Write,
    path::Path,
    process::Stdio,
    time::{Duration, UNIX_EPOCH},
};

const HOST: &str = "abc0def1baz2quux3quuux4xyz.dsql.us-east-2.on.aws";
const REGION: &str = "us-east-2";
const ACCESS_KEY: &str = "AKIDEXAMPLE";
/// With characters that a signature must not trip over.
const SECRET_KEY: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCY";

#[tokio::test]
async fn the_tokens_are_botocores() {
    let cases = cases();
    let theirs = theirs(&cases);
    assert_eq!(theirs.len(), 16);
    for (case, theirs) in cases.iter().zip(&theirs) {
        let ours = ours(case).await;
        assert_eq!(parts(&ours), parts(theirs), "{case:?}");
        // A session token stands behind the signature in ours and before it in theirs; nothing else ever differs.
        if case.session_token.is_none() {
            assert_eq!(ours, *theirs, "{case:?}");
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Case {
    /// Since 1970.
    seconds: u64,
    session_token: Option<&'static str>,
    valid_s: u64,
    who: &'static str,
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    // The second moment's month, day and hours have leading zeros; the session token needs escaping.
    for seconds in [1_795_000_000, 1_704_067_201] {
        for session_token in [None, Some("IQoJb3JpZ2luX2VjE+a/b=c==")] {
            for valid_s in [900, 604_800] {
                cases.extend(["admin", "user"].map(|who| Case { seconds, session_token, valid_s, who }));
            }
        }
    }
    cases
}

async fn ours(case: &Case) -> String {
    let session_token = case.session_token.map(str::to_owned);
    let credentials = Credentials::new(ACCESS_KEY, SECRET_KEY, session_token, None, "test");
    let config = SdkConfig::builder()
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .time_source(StaticTimeSource::new(UNIX_EPOCH + Duration::from_secs(case.seconds)))
        .region(Region::new(REGION))
        .build();
    let generator = AuthTokenGenerator::new(Config::builder().hostname(HOST).expires_in(case.valid_s).build().unwrap());
    let token = match case.who {
        "admin" => generator.db_connect_admin_auth_token(&config).await,
        _ => generator.db_connect_auth_token(&config).await,
    };
    token.unwrap().to_string()
}

fn theirs(cases: &[Case]) -> Vec<String> {
    let cases: Vec<Value> = cases
        .iter()
        .map(|it| json!([it.seconds, ACCESS_KEY, SECRET_KEY, it.session_token, REGION, HOST, it.valid_s, it.who]))
        .collect();
    let mut python = moto::python()
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/botocore_token.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    python.stdin.take().unwrap().write_all(json!(cases).to_string().as_bytes()).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(
        output.status.success(),
        "botocore made no token: `cargo xtask test` installs it in {}",
        moto::packages().display()
    );
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// Host and path, and the query's parameters in order of name: AWS sorts them before it checks the signature.
fn parts(token: &str) -> (&str, Vec<&str>) {
    let (address, query) = token.split_once('?').unwrap();
    let mut parameters: Vec<_> = query.split('&').collect();
    parameters.sort_unstable();
    (address, parameters)
}
