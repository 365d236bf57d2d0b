//! What stands before moto: counts the calls, injects failures, and hands on.

use crate::missing::Missing;
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use reqwest::header::AUTHORIZATION;
use std::sync::{Arc, Mutex};
use tokio::sync::Mutex as AsyncMutex;

/// The address to give as `endpoint_url`, and what was heard there.
pub struct Front {
    pub url: String,
    shared: Arc<Shared>,
}

struct Shared {
    moto: Upstream,
    heard: Mutex<Vec<Heard>>,
    fault: Mutex<Option<Fault>>,
    /// One request at a time, so that what moto lacks needs no locks of its own.
    missing: AsyncMutex<Missing>,
}

/// One call as it arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    pub service: String,
    pub region: String,
    pub operation: String,
}

/// What goes wrong.
#[derive(Clone, Debug)]
pub enum Fault {
    /// The changing call of this number (from 0) is refused and has no effect.
    Refused(usize),
    /// The changing call of this number does its work, and its answer is lost.
    AnswerLost(usize),
    /// Every call of this operation is answered with this status and error code.
    Code(&'static str, u16, &'static str),
}

impl Heard {
    pub fn changes(&self) -> bool {
        !["ListClusters", "GetCluster", "DescribeTable", "ListTagsOfResource"].contains(&&*self.operation)
    }
}

impl Front {
    pub async fn before(moto_url: &str) -> Self {
        let shared = Arc::new(Shared {
            moto: Upstream { url: moto_url.to_owned(), client: reqwest::Client::new() },
            heard: Mutex::default(),
            fault: Mutex::default(),
            missing: AsyncMutex::default(),
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(Arc::clone(&shared));
        // Ends with the test's runtime.
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, shared }
    }

    /// What was heard since the last time, and forgets it.
    pub fn heard(&self) -> Vec<Heard> {
        std::mem::take(&mut self.shared.heard.lock().unwrap())
    }

    /// An empty account again.
    pub async fn reset(&self) {
        let Upstream { url, client } = &self.shared.moto;
        client.post(format!("{url}/moto-api/reset")).send().await.unwrap();
        *self.shared.missing.lock().await = Missing::default();
        self.heard();
        self.set_fault(None);
    }

    pub fn set_fault(&self, fault: Option<Fault>) {
        *self.shared.fault.lock().unwrap() = fault;
    }
}

async fn answer(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let request = Request::new(method, uri, headers, body);
    let number = {
        let mut heard = shared.heard.lock().unwrap();
        let number = heard.iter().filter(|call| call.changes()).count();
        heard.push(request.heard.clone());
        number
    };
    let changes = request.heard.changes();
    let fault = shared.fault.lock().unwrap().clone();
    match fault {
        Some(Fault::Refused(nth)) if changes && nth == number => return refusal(&request),
        Some(Fault::Code(operation, status, code)) if operation == request.heard.operation => {
            return error(&request, status, code, "injected by the test").into_response();
        }
        _ => {}
    }
    let answer = shared.missing.lock().await.answer(&shared.moto, &request).await;
    match fault {
        Some(Fault::AnswerLost(nth)) if changes && nth == number => refusal(&request),
        _ => answer.into_response(),
    }
}

/// Not repeated by the SDK, so the run ends there.
fn refusal(request: &Request) -> Response {
    error(request, 403, "AccessDeniedException", "injected by the test").into_response()
}

/// An error in the shape of the request's protocol.
pub fn error(request: &Request, status: u16, code: &str, message: &str) -> Answer {
    let body = serde_json::json!({ "__type": code, "message": message, "reason": "other" });
    Answer { status, error: Some(code.to_owned()), content_type: request.content_type(), body: body.to_string().into() }
}

/// A request of the SDK.
#[derive(Clone)]
pub struct Request {
    pub heard: Heard,
    pub method: Method,
    pub path: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Request {
    fn new(method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Self {
        let path = uri.path_and_query().map_or("/", |it| it.as_str()).to_owned();
        let signed = headers.get(AUTHORIZATION).and_then(|it| it.to_str().ok()).unwrap_or_default().to_owned();
        // Credential=KEY/DATE/REGION/SERVICE/aws4_request
        let mut scope = signed.split('/').skip(2).map(str::to_owned);
        let (region, service) = (scope.next().unwrap_or_default(), scope.next().unwrap_or_default());
        let target = headers.get("x-amz-target").and_then(|it| it.to_str().ok()?.split('.').next_back());
        let operation = target.map_or_else(|| cluster_operation(&method, uri.path()), str::to_owned);
        Self { heard: Heard { service, region, operation }, method, path, headers, body }
    }

    /// The last part of the path: the cluster's identifier.
    pub fn id(&self) -> &str {
        self.path.split('?').next().unwrap_or_default().rsplit('/').next().unwrap_or_default()
    }

    fn content_type(&self) -> String {
        if self.heard.service == "dynamodb" { "application/x-amz-json-1.0" } else { "application/json" }.to_owned()
    }
}

fn cluster_operation(method: &Method, path: &str) -> String {
    let on_one = path.trim_end_matches('/') != "/cluster";
    match (method.as_str(), on_one) {
        ("POST", false) => "CreateCluster",
        ("GET", false) => "ListClusters",
        ("POST", true) => "UpdateCluster",
        ("GET", true) => "GetCluster",
        ("DELETE", true) => "DeleteCluster",
        _ => "unknown",
    }
    .to_owned()
}

/// An answer on its way back.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub error: Option<String>,
    pub content_type: String,
    pub body: Bytes,
}

impl Answer {
    pub fn is_ok(&self) -> bool {
        self.status == 200
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap();
        let mut response = (status, [(header::CONTENT_TYPE, self.content_type)], self.body).into_response();
        if let Some(code) = self.error {
            response.headers_mut().insert("x-amzn-errortype", code.parse().unwrap());
        }
        response
    }
}

/// moto.
pub struct Upstream {
    url: String,
    client: reqwest::Client,
}

impl Upstream {
    /// As it came, but for what belongs to one connection.
    pub async fn hand_on(&self, request: &Request) -> Answer {
        let mut headers = request.headers.clone();
        for name in [header::HOST, header::CONTENT_LENGTH, header::ACCEPT_ENCODING] {
            headers.remove(name);
        }
        let url = format!("{}{}", self.url, request.path);
        let sent = self.client.request(request.method.clone(), url).headers(headers).body(request.body.clone());
        let answer = sent.send().await.unwrap();
        let text = |name: &str| Some(answer.headers().get(name)?.to_str().ok()?.to_owned());
        let (error, content_type) = (text("x-amzn-errortype"), text("content-type").unwrap_or_default());
        Answer { status: answer.status().as_u16(), error, content_type, body: answer.bytes().await.unwrap() }
    }

    /// Another call of the same service, in that region.
    pub async fn ask(&self, like: &Request, region: &str, operation: &str, body: &serde_json::Value) -> Answer {
        let mut request = like.clone();
        let signed = request.headers[AUTHORIZATION].to_str().unwrap();
        let signed = signed.replace(&format!("/{}/", like.heard.region), &format!("/{region}/"));
        request.headers.insert(AUTHORIZATION, signed.parse().unwrap());
        request.heard.region = region.to_owned();
        if like.heard.service == "dynamodb" {
            request.headers.insert("x-amz-target", format!("DynamoDB_20120810.{operation}").parse().unwrap());
            request.body = body.to_string().into();
        } else {
            let (method, id) = operation.split_once(' ').unwrap();
            request.method = method.parse().unwrap();
            request.path = format!("/cluster/{id}");
            request.body = Bytes::new();
        }
        self.hand_on(&request).await
    }
}
