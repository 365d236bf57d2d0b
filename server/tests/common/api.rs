//! The client: plain HTTP, JSON, and server-sent events.

use futures::{Stream, StreamExt};
use http_body_util::{BodyDataStream, BodyExt, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::Value;
use std::{pin::Pin, time::Duration};

type Body = Full<axum::body::Bytes>;

/// Longer than anything here takes on a busy machine.
const DEADLINE: Duration = Duration::from_mins(1);

/// Waits for something that has to happen; a test that hangs says where.
pub async fn deadline<T>(what: &str, happens: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, happens).await.unwrap_or_else(|_| panic!("not within {DEADLINE:?}: {what}"))
}

/// A server's address, and connections to it.
#[derive(Clone)]
pub struct Api {
    http: Client<HttpConnector, Body>,
    base: String,
}

impl Api {
    /// The server at `base`, such as `http://127.0.0.1:3000`.
    pub fn new(base: String) -> Self {
        Self { http: Client::builder(TokioExecutor::new()).build_http(), base }
    }

    /// Sends whatever a client can send.
    pub async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Answer {
        let what = format!("{method} {path}");
        let response = deadline(&what, self.http.request(self.request(method, path, headers, body.into()))).await;
        let (head, body) = response.unwrap_or_else(|error| panic!("{what}: {error:?}")).into_parts();
        let body = deadline(&what, body.collect()).await.unwrap_or_else(|error| panic!("{what}: {error:?}"));
        Answer { what, status: head.status.as_u16(), headers: head.headers, body: body.to_bytes().into() }
    }

    fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> http::Request<Body> {
        let mut request = http::Request::builder().method(method).uri(format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(Full::from(body)).unwrap()
    }

    /// A GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], "").await
    }

    /// A GET that works.
    pub async fn read(&self, path: &str) -> Value {
        self.get(path).await.ok()
    }

    /// A POST of JSON.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, &[("content-type", "application/json")], body.to_string()).await
    }

    /// A POST of JSON that works.
    pub async fn done(&self, path: &str, body: &Value) -> Value {
        self.post(path, body).await.ok()
    }

    /// Host and port, for whoever brings a connection of their own.
    pub fn host(&self) -> &str {
        self.base.trim_start_matches("http://")
    }

    /// The seats that are shown as sold on a floor.
    pub async fn sold(&self, backend: &str, floor: &str) -> Vec<String> {
        let answer = self.read(&format!("/api/seats?backend={backend}&floor={floor}")).await;
        let seats = answer["seats"].as_array().unwrap();
        assert_eq!(seats.len(), 96, "a floor is always shown whole: {answer}");
        let sold = seats.iter().filter(|seat| seat["status"] == "sold");
        sold.map(|seat| seat["seat_id"].as_str().unwrap().to_owned()).collect()
    }

    /// Watches a run.
    pub async fn watch(&self, run: &str) -> Events {
        self.watch_again(run, &[]).await
    }

    /// Watches a run as a client that reconnects does, which names the last event it has seen.
    pub async fn watch_again(&self, run: &str, headers: &[(&str, &str)]) -> Events {
        let path = format!("/api/runs/{run}/events");
        let response = deadline(&path, self.http.request(self.request("GET", &path, headers, vec![]))).await.unwrap();
        assert_eq!(
            (response.status().as_u16(), &response.headers()["content-type"]),
            (200, &"text/event-stream".parse().unwrap())
        );
        let chunks = BodyDataStream::new(response.into_body()).map(|chunk| chunk.unwrap().to_vec());
        Events { chunks: Box::pin(chunks), unread: Vec::new(), last_id: String::new() }
    }
}

/// What came back.
pub struct Answer {
    /// To what.
    pub what: String,
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: http::HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    /// The body as JSON, if it is.
    pub fn json(&self) -> Option<Value> {
        (self.header("content-type") == "application/json").then(|| serde_json::from_slice(&self.body).ok()).flatten()
    }

    /// The JSON of an answer that must be 200.
    pub fn ok(self) -> Value {
        let json = self.json();
        assert_eq!(self.status, 200, "{}: {}", self.what, self.text());
        json.unwrap_or_else(|| panic!("{}: {}", self.what, self.text()))
    }

    /// A header as text; empty if absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The words of a refusal: `{error: text}` and nothing that is not for the client.
    pub fn error(&self) -> String {
        let words = self.json().and_then(|json| Some(json["error"].as_str()?.to_owned()));
        words.unwrap_or_else(|| panic!("{}: {} without {{error: text}}: {}", self.what, self.status, self.text()))
    }
}

/// The server-sent events of a run.
pub struct Events {
    chunks: Pin<Box<dyn Stream<Item = Vec<u8>> + Send>>,
    /// What came and was not read yet; a chunk may end within a letter.
    unread: Vec<u8>,
    /// The id of the event that was read last.
    pub last_id: String,
}

impl Events {
    /// The next event's data; `None` when the server has ended the stream.
    pub async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some(end) = self.unread.windows(2).position(|two| two == b"\n\n") {
                let event = String::from_utf8(self.unread.drain(..end + 2).collect()).unwrap();
                // A line that begins with a colon only keeps the connection open.
                let lines: Vec<&str> =
                    event.lines().filter(|line| !line.starts_with(':') && !line.is_empty()).collect();
                match lines[..] {
                    [] => continue,
                    ["event: burst", id, data] => {
                        id.strip_prefix("id: ").unwrap().clone_into(&mut self.last_id);
                        return Some(serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap());
                    }
                    _ => panic!("not an event of a burst: {event}"),
                }
            }
            let Some(chunk) = deadline("the next event", self.chunks.next()).await else {
                assert!(self.unread.is_empty(), "the stream ended within an event");
                return None;
            };
            self.unread.extend(chunk);
        }
    }

    /// Everything up to the end of the stream.
    pub async fn rest(mut self) -> Vec<Value> {
        let mut all = Vec::new();
        while let Some(event) = self.next().await {
            all.push(event);
        }
        all
    }
}
