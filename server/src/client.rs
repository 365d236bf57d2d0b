//! The command line as a client of a deployment: the JSON API over HTTP.

use anyhow::{Context, anyhow, bail};
use app::service::Download;
use evidence::RunDocument;
use evidence::{StressPlan, StressTest};
use onsale::RunId;
use reqwest::{Method, RequestBuilder, Response, Url};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::{net::IpAddr, time::Duration};

/// A burst of 2,000 with think time that queues behind eight others.
const BURST_TIMEOUT: Duration = Duration::from_mins(5);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest run.json of a burst: ten thousand buyers who each tried often.
const RUN_BYTES_MAX: usize = 256 << 20;
/// The longest answer of the API: a stress test with all its lines.
const ANSWER_BYTES_MAX: usize = 16 << 20;

/// A deployment, and who we are to it.
pub struct Client {
    http: reqwest::Client,
    base: String,
    record_key: Option<String>,
}

/// Whether an address leads to this machine. No proxy does: neither `HTTP_PROXY` nor `ALL_PROXY` is meant for it.
pub fn is_this_machine(address: &Url) -> bool {
    match address.host_str() {
        Some(name) => {
            let name = name.trim_end_matches('.');
            let ip = name.trim_matches(['[', ']']).parse::<IpAddr>().map(|ip| ip.to_canonical());
            name == "localhost"
                || name.ends_with(".localhost")
                || ip.is_ok_and(|ip| ip.is_loopback() || ip.is_unspecified())
        }
        None => false,
    }
}

impl Client {
    /// A client of the deployment at `base`, such as `https://worldseat.example`.
    pub fn new(base: &str, record_key: Option<String>) -> anyhow::Result<Self> {
        let base = with_scheme(base.trim().trim_end_matches('/'));
        let mut http = reqwest::Client::builder().timeout(BURST_TIMEOUT).connect_timeout(CONNECT_TIMEOUT);
        if base.parse().is_ok_and(|base| is_this_machine(&base)) {
            http = http.no_proxy();
        }
        Ok(Self { http: http.build()?, base, record_key })
    }

    /// Where the deployment is.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Whether the deployment has this backend.
    pub async fn has(&self, backend: onsale::Backend) -> anyhow::Result<bool> {
        let response = self.request(Method::GET, &format!("/api/seats?backend={backend}")).send().await;
        let status = response.with_context(|| self.away())?.status();
        Ok(status.as_u16() != 404)
    }

    /// Begins to record a stress test there.
    pub async fn begin_stress(&self, plan: &StressPlan) -> anyhow::Result<RunId> {
        // Whether there is a foil, the deployment knows itself.
        let plan = StressPlan { no_foil: false, ..plan.clone() };
        let request = self.with_key(self.request(Method::POST, "/api/stress")).json(&plan);
        self.ask::<StressTest>(request, "beginning to record").await.map(|test| test.id)
    }

    /// What was recorded.
    pub async fn stress(&self, id: &RunId) -> anyhow::Result<StressTest> {
        self.ask(self.request(Method::GET, &format!("/api/stress/{id}")), "reading the record").await
    }

    /// Runs one burst to its end and fetches everything that was recorded of it.
    pub async fn burst(&self, mut wish: Value, stress: Option<&RunId>) -> anyhow::Result<RunDocument<'static>> {
        #[derive(Deserialize)]
        struct Answer {
            run: RunId,
        }
        let mut request = self.request(Method::POST, "/api/breakit");
        if let Some(id) = stress {
            wish["stress"] = json!(id);
            request = self.with_key(request);
        }
        let request = request.json(&wish);
        let answer: Answer = self.ask(request, "the burst").await?;
        let path = format!("/run/{}/{}", answer.run, Download::Run.file_name());
        let response = self.request(Method::GET, &path).send().await.with_context(|| self.away())?;
        let bytes = body(response.error_for_status()?, RUN_BYTES_MAX).await?;
        RunDocument::read(&bytes[..]).map_err(|unusable| anyhow!("{}{path}: {unusable}", self.base))
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base))
    }

    /// The key goes only where something is recorded.
    fn with_key(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.record_key {
            Some(key) => request.bearer_auth(key),
            None => request,
        }
    }

    async fn ask<T: DeserializeOwned>(&self, request: RequestBuilder, what: &str) -> anyhow::Result<T> {
        let response = request.send().await.with_context(|| self.away())?;
        let status = response.status();
        let body = body(response, ANSWER_BYTES_MAX).await?;
        if status.is_success() {
            return serde_json::from_slice(&body).with_context(|| format!("{what}: {} is no WorldSeat?", self.base));
        }
        let told = serde_json::from_slice::<Value>(&body).ok();
        match told.as_ref().and_then(|told| told["error"].as_str()) {
            Some(error) => bail!("{what}: {error}"),
            None => bail!("{what}: {} answered {status}; is it a WorldSeat?", self.base),
        }
    }

    fn away(&self) -> String {
        format!("{} does not answer; is the server running there?", self.base)
    }
}

/// An address as somebody types it: without a scheme it is plain HTTP.
pub fn with_scheme(address: &str) -> String {
    if address.contains("://") { address.to_owned() } else { format!("http://{address}") }
}

/// Reads a body of at most `bytes_max`.
async fn body(mut response: Response, bytes_max: usize) -> anyhow::Result<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if chunk.len() > bytes_max - body.len() {
            bail!("{} answered with more than {} MiB; is it a WorldSeat?", response.url(), bytes_max >> 20);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    #[test]
    fn no_proxy_leads_to_this_machine() {
        for (address, here) in [
            ("http://127.0.0.1:3000/run/x", true),
            ("http://127.8.9.1", true),
            ("http://localhost:3000", true),
            ("http://LOCALHOST.:3000", true),
            ("http://seats.localhost", true),
            ("http://[::1]:3000", true),
            ("http://[::ffff:127.0.0.1]", true),
            ("http://0.0.0.0:3000", true),
            ("http://10.0.0.1:3000", false),
            ("https://worldseat.example", false),
            ("https://localhost.example", false),
            ("http://notlocalhost", false),
        ] {
            assert_eq!(super::is_this_machine(&address.parse().unwrap()), here, "{address}");
        }
    }
}
