//! Last writer wins, after a lag: what global tables do to two writes of one item.

mod queue;
mod stamps;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use dynoxide::actions::create_table::{CreateTableRequest, CreateTableResponse};
use dynoxide::actions::put_item::{PutItemRequest, PutItemResponse};
use dynoxide::types::KeySchemaElement;
use dynoxide::{Database, DynoxideError};
use tokio::sync::Notify;

use queue::{Next, Queue, Shipment};
use stamps::{Key, Newest, Stamps};

/// Two replicas of every table and the writes on their way between them.
///
/// A put is applied where it arrives, stamped, and applied in the other region after a lag, unless that region has
/// seen a later put of the same item. A region's puts are applied one at a time, each stamped under the same lock, so
/// the order of application and the order of the stamps cannot disagree. The engine has one such lock of its own, so
/// ours costs nothing.
pub(crate) struct Replication {
    regions: [Region; 2],
    stamps: Mutex<Stamps>,
    /// The least and the greatest.
    lag_ms: Mutex<(u32, u32)>,
    /// Whether writes under way are delivered at the end or thrown away with everything else.
    kept: bool,
    settled: Notify,
    /// The names of each table's key attributes.
    key_names: Mutex<HashMap<String, Arc<[String]>>>,
}

struct Region {
    engine: Database,
    newest: Mutex<Newest>,
    queue: Mutex<Queue>,
    wake: Condvar,
    down: AtomicBool,
}

impl Replication {
    pub(crate) fn new(engines: [Database; 2], lag_ms: (u32, u32), kept: bool) -> Arc<Self> {
        let regions = engines.map(|engine| Region {
            engine,
            newest: Mutex::new(Newest::new()),
            queue: Mutex::default(),
            wake: Condvar::new(),
            down: AtomicBool::new(false),
        });
        let (stamps, key_names, settled) = (Mutex::default(), Mutex::default(), Notify::new());
        Arc::new(Self { regions, stamps, lag_ms: Mutex::new(lag_ms), kept, settled, key_names })
    }

    /// The replica of one region, to read from.
    pub(crate) fn engine(&self, region: usize) -> &Database {
        &self.regions[region].engine
    }

    pub(crate) fn keeps_data(&self) -> bool {
        self.kept
    }

    /// Creates a table in both regions. The other region may have it already.
    pub(crate) fn create(&self, region: usize, request: &[u8]) -> Result<CreateTableResponse, DynoxideError> {
        let read = || crate::dynamodb::read::<CreateTableRequest>(request);
        let answer = self.engine(region).create_table(read()?)?;
        match self.engine(1 - region).create_table(read()?) {
            Ok(_) | Err(DynoxideError::ResourceInUseException(_)) => Ok(answer),
            Err(error) => Err(error),
        }
    }

    /// Applies a put in one region and ships the item to the other.
    pub(crate) fn put(&self, region: usize, request: PutItemRequest) -> Result<PutItemResponse, DynoxideError> {
        let Some(key) = self.key(region, &request) else {
            // No such table, or a part of the key missing: the engine knows the words.
            return self.engine(region).put_item(request);
        };
        let (table, item) = (request.table_name.clone(), request.item.clone());
        let mut newest = lock(&self.regions[region].newest);
        let stamp = lock(&self.stamps).take(region);
        let answer = self.engine(region).put_item(request);
        if answer.is_err() {
            self.settle(region, stamp);
            return answer;
        }
        newest.note(key.clone(), stamp, || lock(&self.stamps).oldest(1 - region));
        drop(newest);
        self.ship(1 - region, Shipment { due: Instant::now() + self.next_lag(), stamp, key, table, item });
        answer
    }

    pub(crate) fn lag_ms(&self) -> (u32, u32) {
        *lock(&self.lag_ms)
    }

    pub(crate) fn set_lag_ms(&self, lag_ms: (u32, u32)) {
        *lock(&self.lag_ms) = lag_ms;
    }

    /// Resolves when no put is under way.
    pub(crate) async fn converged(&self) {
        loop {
            let mut settled = std::pin::pin!(self.settled.notified());
            // Before the look at what is under way, or the last settlement could be missed.
            settled.as_mut().enable();
            if lock(&self.stamps).under_way() == 0 {
                return;
            }
            settled.await;
        }
    }

    /// Holds back what comes from a region and what goes to it, or no longer.
    pub(crate) fn set_down(&self, region: usize, down: bool) {
        self.regions[region].down.store(down, Ordering::SeqCst);
        for region in &self.regions {
            // Under the lock, so that a thread about to wait is waiting when it is woken.
            let _queue = lock(&region.queue);
            region.wake.notify_all();
        }
    }

    /// Starts the thread that delivers to one region. The engine blocks, so it is not a task.
    pub(crate) fn deliver_to(self: &Arc<Self>, region: usize, name: &str) -> std::io::Result<JoinHandle<()>> {
        let replication = Arc::clone(self);
        std::thread::Builder::new().name(format!("to-{name}")).spawn(move || replication.deliver(region))
    }

    /// Ends the delivering threads. Kept data get what is under way at once.
    pub(crate) fn close(&self) {
        for region in &self.regions {
            lock(&region.queue).closed = true;
            region.wake.notify_all();
        }
    }

    fn deliver(&self, region: usize) {
        let Region { queue, wake, .. } = &self.regions[region];
        let mut waiting = lock(queue);
        loop {
            let isolated = self.regions.iter().any(|region| region.down.load(Ordering::SeqCst));
            match waiting.next(isolated, self.kept) {
                Next::Deliver(shipment) => {
                    drop(waiting);
                    self.apply(region, shipment);
                    waiting = lock(queue);
                }
                Next::Wait => waiting = wake.wait(waiting).unwrap_or_else(PoisonError::into_inner),
                Next::WaitFor(wait) => {
                    waiting = wake.wait_timeout(waiting, wait).unwrap_or_else(PoisonError::into_inner).0;
                }
                Next::End => return,
            }
        }
    }

    fn ship(&self, region: usize, shipment: Shipment) {
        let mut queue = lock(&self.regions[region].queue);
        if queue.closed {
            // The last puts before the end: nobody is left to deliver them.
            drop(queue);
            return self.apply(region, shipment);
        }
        queue.push(shipment);
        self.regions[region].wake.notify_one();
    }

    /// Applies a put of the other region, unless a later put of the item has been applied here.
    fn apply(&self, region: usize, shipment: Shipment) {
        let Shipment { stamp, key, table, item, .. } = shipment;
        let mut newest = lock(&self.regions[region].newest);
        if newest.admits(&key, stamp) {
            let request = PutItemRequest { table_name: table, item, ..PutItemRequest::default() };
            match self.engine(region).put_item(request) {
                Ok(_) => newest.note(key, stamp, || lock(&self.stamps).oldest(1 - region)),
                Err(error) => tracing::error!(%error, "a put could not be replicated"),
            }
        }
        drop(newest);
        self.settle(1 - region, stamp);
    }

    fn settle(&self, from: usize, stamp: u64) {
        let mut stamps = lock(&self.stamps);
        stamps.settle(from, stamp);
        if stamps.under_way() == 0 {
            self.settled.notify_waiters();
        }
    }

    fn next_lag(&self) -> Duration {
        let (min, max) = self.lag_ms();
        Duration::from_micros(fastrand::u64(u64::from(min.min(max)) * 1_000..=u64::from(max) * 1_000))
    }

    /// The item a put writes, numbers in one spelling.
    fn key(&self, region: usize, request: &PutItemRequest) -> Option<Key> {
        let names = self.key_names(region, &request.table_name)?;
        let mut key = vec![request.table_name.clone()];
        for name in names.iter() {
            key.push(request.item.get(name)?.to_key_string()?);
        }
        Some(key)
    }

    /// A table's key never changes, and no table is ever deleted here.
    fn key_names(&self, region: usize, table: &str) -> Option<Arc<[String]>> {
        let mut known = lock(&self.key_names);
        if let Some(names) = known.get(table) {
            return Some(Arc::clone(names));
        }
        let described = self.engine(region).get_table_metadata(table).ok()??;
        let schema: Vec<KeySchemaElement> = serde_json::from_str(&described.key_schema).ok()?;
        let names: Arc<[String]> = schema.into_iter().map(|part| part.attribute_name).collect();
        known.insert(table.to_owned(), Arc::clone(&names));
        Some(names)
    }
}

/// A panic elsewhere leaves nothing half done under our locks.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The engine cannot be printed.
impl std::fmt::Debug for Replication {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Replication").field("lag_ms", &self.lag_ms()).finish_non_exhaustive()
    }
}
