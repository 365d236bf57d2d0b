//! Last writer wins, after a lag: what global tables do to two writes of one item.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use dynoxide::actions::create_table::{CreateTableRequest, CreateTableResponse};
use dynoxide::actions::put_item::{PutItemRequest, PutItemResponse};
use dynoxide::types::KeySchemaElement;
use dynoxide::{Database, DynoxideError, Item};
use tokio::sync::Notify;

/// Two replicas of every table and the writes on their way between them.
///
/// A put is applied where it arrives, stamped, and applied in the other region after a lag, unless that region has
/// seen a later put of the same item. A region's puts are applied one at a time, each stamped under the same lock, so
/// the order of application and the order of the stamps cannot disagree.
#[derive(Debug)]
pub(crate) struct Replication {
    regions: [Region; 2],
    stamps: Mutex<Stamps>,
    /// The least and the greatest.
    lag_ms: Mutex<(u32, u32)>,
    /// Whether writes under way are delivered at the end or thrown away with everything else.
    kept: bool,
    settled: Notify,
    keys: Mutex<HashMap<String, Arc<[String]>>>,
}

impl Replication {
    pub(crate) fn new(engines: [Engine; 2], lag_ms: (u32, u32), kept: bool) -> Arc<Self> {
        Arc::new(Self {
            regions: engines.map(Region::new),
            stamps: Mutex::default(),
            lag_ms: Mutex::new(lag_ms),
            kept,
            settled: Notify::new(),
            keys: Mutex::default(),
        })
    }

    pub(crate) fn engine(&self, region: usize) -> &Database {
        &self.regions[region].engine.0
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
        if answer.is_ok() {
            self.note(region, &mut newest, key.clone(), stamp);
        }
        drop(newest);
        if answer.is_ok() {
            let due = Instant::now() + self.next_lag();
            self.ship(1 - region, Shipment { order: Reverse((due, stamp)), key, table, item });
        } else {
            self.settle(region, stamp);
        }
        answer
    }

    pub(crate) fn lag_ms(&self) -> (u32, u32) {
        *lock(&self.lag_ms)
    }

    pub(crate) fn set_lag_ms(&self, lag_ms: (u32, u32)) {
        *lock(&self.lag_ms) = lag_ms;
    }

    /// How many puts have not reached the other region yet.
    pub(crate) fn under_way(&self) -> usize {
        lock(&self.stamps).under_way.iter().map(BTreeSet::len).sum()
    }

    pub(crate) async fn converged(&self) {
        loop {
            let settled = self.settled.notified();
            tokio::pin!(settled);
            settled.as_mut().enable();
            if self.under_way() == 0 {
                return;
            }
            settled.await;
        }
    }

    pub(crate) fn set_down(&self, region: usize, down: bool) {
        self.regions[region].down.store(down, Ordering::SeqCst);
        for region in &self.regions {
            // Under the lock, so that a thread about to wait is waiting when it is woken.
            let _queue = lock(&region.queue);
            region.wake.notify_all();
        }
    }

    pub(crate) fn is_down(&self, region: usize) -> bool {
        self.regions[region].down.load(Ordering::SeqCst)
    }

    /// Starts a thread that delivers to one region. The engine blocks, so it is not a task.
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
            if waiting.closed && !self.kept {
                waiting.shipments.clear();
            }
            let due = waiting.shipments.peek().map(|next| next.order.0.0);
            let isolated = self.is_down(0) || self.is_down(1);
            let wait = match due {
                None if waiting.closed => return,
                Some(_) if waiting.closed => Duration::ZERO,
                None => Duration::MAX,
                Some(_) if isolated => Duration::MAX,
                Some(due) => due.saturating_duration_since(Instant::now()),
            };
            if wait == Duration::MAX {
                waiting = wake.wait(waiting).unwrap_or_else(PoisonError::into_inner);
            } else if !wait.is_zero() {
                waiting = wake.wait_timeout(waiting, wait).unwrap_or_else(PoisonError::into_inner).0;
            } else if let Some(shipment) = waiting.shipments.pop() {
                drop(waiting);
                self.apply(region, shipment);
                waiting = lock(queue);
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
        queue.shipments.push(shipment);
        drop(queue);
        self.regions[region].wake.notify_one();
    }

    /// Applies a put of the other region, unless a later put of the item has been applied here.
    fn apply(&self, region: usize, shipment: Shipment) {
        let Shipment { order: Reverse((_, stamp)), key, table, item } = shipment;
        let mut newest = lock(&self.regions[region].newest);
        if newest.by_key.get(&key).is_none_or(|seen| *seen < stamp) {
            let request = PutItemRequest { table_name: table, item, ..PutItemRequest::default() };
            match self.engine(region).put_item(request) {
                Ok(_) => self.note(region, &mut newest, key, stamp),
                Err(error) => tracing::error!(%error, "a put could not be replicated"),
            }
        }
        drop(newest);
        self.settle(1 - region, stamp);
    }

    fn settle(&self, from: usize, stamp: u64) {
        let mut stamps = lock(&self.stamps);
        stamps.under_way[from].remove(&stamp);
        let all = stamps.under_way.iter().all(BTreeSet::is_empty);
        drop(stamps);
        if all {
            self.settled.notify_waiters();
        }
    }

    /// Remembers the newest stamp of an item for as long as an older put of it may still arrive.
    fn note(&self, region: usize, newest: &mut Newest, key: Key, stamp: u64) {
        if newest.by_key.len() >= newest.prune_at {
            let oldest = lock(&self.stamps).under_way[1 - region].first().copied().unwrap_or(u64::MAX);
            newest.by_key.retain(|_, seen| *seen > oldest);
            newest.prune_at = (2 * newest.by_key.len()).max(PRUNE_AT_LEAST);
        }
        newest.by_key.insert(key, stamp);
    }

    fn next_lag(&self) -> Duration {
        let (min, max) = self.lag_ms();
        let (min, max) = (u64::from(min.min(max)) * 1_000, u64::from(max) * 1_000);
        Duration::from_micros(fastrand::u64(min..=max))
    }

    /// The table and the key values of an item, numbers in one spelling.
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
        let mut known = lock(&self.keys);
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

/// The engine of one region; it cannot be printed.
pub(crate) struct Engine(pub(crate) Database);

impl std::fmt::Debug for Engine {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Engine")
    }
}

type Key = Vec<String>;

/// Below this many remembered stamps forgetting is not worth the walk.
const PRUNE_AT_LEAST: usize = 4096;

#[derive(Debug)]
struct Region {
    engine: Engine,
    newest: Mutex<Newest>,
    queue: Mutex<Queue>,
    wake: Condvar,
    down: AtomicBool,
}

impl Region {
    fn new(engine: Engine) -> Self {
        let newest = Newest { by_key: HashMap::new(), prune_at: PRUNE_AT_LEAST };
        let (newest, queue) = (Mutex::new(newest), Mutex::default());
        Self { engine, newest, queue, wake: Condvar::new(), down: AtomicBool::new(false) }
    }
}

/// The newest stamp applied to each item here.
#[derive(Debug)]
struct Newest {
    by_key: HashMap<Key, u64>,
    prune_at: usize,
}

/// What is on its way to a region.
#[derive(Debug, Default)]
struct Queue {
    shipments: BinaryHeap<Shipment>,
    closed: bool,
}

/// A put on its way, ordered so that a heap gives the one due first.
#[derive(Debug)]
struct Shipment {
    order: Reverse<(Instant, u64)>,
    key: Key,
    table: String,
    item: Item,
}

impl PartialEq for Shipment {
    fn eq(&self, other: &Self) -> bool {
        self.order == other.order
    }
}
impl Eq for Shipment {}
impl PartialOrd for Shipment {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Shipment {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.order.cmp(&other.order)
    }
}

/// Microseconds since 1970, each given once and each greater than the last, whichever region asks.
#[derive(Debug, Default)]
struct Stamps {
    last: u64,
    /// Given in each region and not yet settled in the other.
    under_way: [BTreeSet<u64>; 2],
}

impl Stamps {
    fn take(&mut self, region: usize) -> u64 {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_micros();
        self.last = (self.last + 1).max(u64::try_from(now).unwrap_or_default());
        self.under_way[region].insert(self.last);
        self.last
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
