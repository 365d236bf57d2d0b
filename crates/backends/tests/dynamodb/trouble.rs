//! Regions down, answers lost, puts throttled.

use crate::house::{Foil, config};
use backends::dynamodb::{DynamoConfig, GlobalTables};
use onsale::{Answer, BoxOffice, Database, Failure, Seat, Span, Transaction};
use standins::{REGIONS, When};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::test]
async fn without_one_region_there_is_no_answer() {
    let foil = Foil::start().await;
    foil.sell(&foil.order("ada", 0)).await.unwrap();
    foil.engine.replicas()[1].set_down(true);

    let db = &foil.db;
    let failures = [
        db.counts(&foil.floor, Span::SinceReset).await.unwrap_err(),
        db.sales(&foil.floor, foil.seat, 1).await.unwrap_err(),
        db.tickets(&foil.floor, &"ada".parse().unwrap()).await.unwrap_err(),
        db.seats(&foil.floor).await.unwrap_err(),
        db.open_seat(&foil.floor, foil.seat).await.unwrap_err(),
        db.reset(&foil.floor, None).await.unwrap_err(),
        db.engine().await.unwrap_err(),
        foil.sell(&foil.order("bob", 1)).await.unwrap_err(),
    ];
    for failure in failures {
        assert!(matches!(failure, Failure::Unavailable { .. }), "{failure}");
        let words = failure.to_string();
        assert!(failure.database().contains("DynamoDB") && words.contains(REGIONS[1]), "{words}");
    }
    assert_eq!(foil.sell(&foil.order("bob", 0)).await.unwrap(), Answer::Rejected, "the other region sells on");
    foil.engine.replicas()[1].set_down(false);
    assert_eq!(foil.counts(Span::Ever).await, [foil.count(1, 1)]);
}

#[tokio::test]
async fn a_put_whose_answer_is_lost_is_put_again() {
    for when in [When::BeforeForward, When::AfterForward, When::AfterAnswer] {
        let foil = Foil::start().await;
        foil.engine.replicas()[0].cut_at("PutItem", when, 1);
        assert_eq!(foil.sell(&foil.order("ada", 0)).await.unwrap(), Answer::Confirmed);
        assert_eq!(foil.counts(Span::Ever).await, [foil.count(1, 1)], "one sale, not two");
        assert_eq!(foil.db.puts_repeated(), 1);
    }
}

#[tokio::test]
async fn a_put_lost_twice_is_unknown() {
    let foil = Foil::start().await;
    foil.engine.replicas()[0].cut_at("PutItem", When::AfterAnswer, 2);
    let failure = foil.sell(&foil.order("ada", 0)).await.unwrap_err();
    assert!(matches!(failure, Failure::Indeterminate { .. }), "{failure}");
    assert!(foil.holders().await[0].is_some(), "it was done");

    let (foil, free) = (Foil::start().await, Seat { round: 1, reset_round: 1, holder: None });
    let ada = foil.order("ada", 0);
    let mut txn = foil.txn(0).await;
    txn.write_seat(&ada, &free).await.unwrap();
    foil.engine.replicas()[0].set_down(true);
    let failure = txn.append_sale(&ada, &free).await.unwrap_err();
    assert!(matches!(failure, Failure::Indeterminate { .. }), "the seat's put stands: {failure}");
}

/// A connection that was refused carried nothing: on the first put that is an error, on the second it is too late.
#[tokio::test]
async fn nobody_listening_is_not_a_lost_answer() {
    let port = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let nobody = format!("http://127.0.0.1:{port}");
    let db = GlobalTables::open(config([nobody.clone(), nobody])).await;
    let (foil, free) = (Foil::start().await, Seat { round: 1, reset_round: 1, holder: None });
    let ada = foil.order("ada", 0);
    let mut txn = db.connect(&ada.region).await.unwrap();
    assert!(matches!(txn.read_seat(&ada).await.unwrap_err(), Failure::Unavailable { .. }));
    assert!(matches!(txn.write_seat(&ada, &free).await.unwrap_err(), Failure::Unavailable { .. }));
    assert_eq!(db.puts_repeated(), 0);
    assert!(matches!(txn.append_sale(&ada, &free).await.unwrap_err(), Failure::Indeterminate { .. }));

    let missing = DynamoConfig { seats_table: "elsewhere".into(), ..foil.config() };
    let db = GlobalTables::open(missing).await;
    let failure = db.connect(&ada.region).await.unwrap().write_seat(&ada, &free).await.unwrap_err();
    assert!(matches!(failure, Failure::Unavailable { .. }), "a refusal, twice, before anything stands: {failure}");
    assert_eq!(db.puts_repeated(), 1);
    let failure = db.connect(&"mars-north-1".parse().unwrap()).await.err().unwrap();
    assert!(failure.to_string().contains("mars-north-1"), "{failure}");
}

/// A throttled put was not carried out: it is sent again, with pauses, and a few times only.
#[tokio::test]
async fn a_throttled_put_is_sent_again() {
    let (foil, free) = (Foil::start().await, Seat { round: 1, reset_round: 1, holder: None });
    let ada = foil.order("ada", 0);
    for (refusals, done) in [(3, true), (4, false)] {
        let (url, asked) = throttling(refusals).await;
        let db = GlobalTables::open(config([url.clone(), url])).await;
        let mut txn = db.connect(&ada.region).await.unwrap();
        let answer = txn.write_seat(&ada, &free).await;
        assert_eq!((answer.is_ok(), asked.load(Ordering::SeqCst), db.puts_repeated()), (done, 4, 3), "{answer:?}");
        if let Err(failure) = answer {
            assert!(matches!(failure, Failure::Unavailable { .. }), "certainly not done: {failure:?}");
        }
    }
}

/// A replica that refuses so many requests as too many before it answers; and how many it was asked.
async fn throttling(refusals: usize) -> (String, Arc<AtomicUsize>) {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::<AtomicUsize>::default();
    let count = Arc::clone(&asked);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let count = Arc::clone(&count);
            tokio::spawn(async move {
                let mut request = Vec::new();
                // A request of the SDK: its head, and as many bytes as the head says.
                while stream.read_buf(&mut request).await.unwrap() > 0 {
                    let text = String::from_utf8_lossy(&request).to_lowercase();
                    let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
                    if body.len() < length.parse().unwrap() {
                        continue;
                    }
                    request.clear();
                    let (status, body) = if count.fetch_add(1, Ordering::SeqCst) < refusals {
                        ("400 Bad Request", r#"{"__type":"com.amazonaws.dynamodb.v20120810#ThrottlingException"}"#)
                    } else {
                        ("200 OK", "{}")
                    };
                    let head = "content-type: application/x-amz-json-1.0";
                    let answer = format!("HTTP/1.1 {status}\r\n{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
                    stream.write_all(answer.as_bytes()).await.unwrap();
                }
            });
        }
    });
    (url, asked)
}
