//! Runs that are under way, or ended a moment ago: what happened so far, for whoever watches.

use crate::{
    api::{BurstEvent, Fate, RunReport},
    error::AppError,
};
use futures::{Stream, StreamExt};
use onsale::RunId;
use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// A run and what was said of it when it ended.
pub type Document = evidence::RunDocument<'static>;

/// How many ended runs are remembered; the oldest is forgotten first and is then read from the store.
const REMEMBERED: usize = 128;
/// How many may be under way or waiting, on all floors together.
const UNDER_WAY_MAX: usize = 64;

/// The live runs by name.
#[derive(Default)]
pub struct LiveRuns {
    remembered: Mutex<Remembered>,
    closed: CancellationToken,
}

#[derive(Default)]
struct Remembered {
    runs: HashMap<RunId, Arc<LiveRun>>,
    oldest_first: VecDeque<RunId>,
}

impl LiveRuns {
    /// Begins to remember a run.
    ///
    /// # Errors
    /// [`AppError::Busy`] when too many are under way already.
    pub fn begin(&self, id: &RunId) -> Result<Arc<LiveRun>, AppError> {
        let live = Arc::new(LiveRun::default());
        let remembered = &mut *lock(&self.remembered);
        let under_way = remembered.runs.values().filter(|run| !run.is_over()).count();
        if under_way >= UNDER_WAY_MAX {
            return Err(AppError::Busy { seat: "The server".to_owned(), wait_s: 5 });
        }
        remembered.runs.insert(id.clone(), Arc::clone(&live));
        remembered.oldest_first.push_back(id.clone());
        if remembered.oldest_first.len() > REMEMBERED {
            // One that is under way is never forgotten.
            let over = |id: &RunId| remembered.runs.get(id).is_none_or(|run| run.is_over());
            if let Some(oldest) = remembered.oldest_first.iter().position(over) {
                let forgotten = remembered.oldest_first.remove(oldest);
                forgotten.and_then(|id| remembered.runs.remove(&id));
            }
        }
        Ok(live)
    }

    /// The run, if it is remembered.
    pub fn get(&self, id: &RunId) -> Option<Arc<LiveRun>> {
        lock(&self.remembered).runs.get(id).map(Arc::clone)
    }

    /// What is told to a watcher of the run, if it is remembered; `seen` as in [`super::Service::watch`].
    pub fn watch(&self, id: &RunId, seen: Option<usize>) -> Option<impl Stream<Item = BurstEvent> + Send + use<>> {
        Some(self.get(id)?.watch(seen).take_until(self.closed.clone().cancelled_owned()))
    }

    /// Lets every watcher go: the server is about to end, and a stream that ends is not one that broke.
    pub fn close(&self) {
        self.closed.cancel();
    }
}

/// What happened so far in one run.
pub struct LiveRun {
    story: Mutex<Story>,
    changed: watch::Sender<()>,
}

#[derive(Default)]
struct Story {
    ready: Option<BurstEvent>,
    released: Option<Instant>,
    fates: Vec<Fate>,
    end: Option<Result<Box<RunReport>, AppError>>,
    /// The run's document, until it is stored; for ever, if it cannot be.
    document: Option<Arc<Document>>,
}

impl Default for LiveRun {
    fn default() -> Self {
        Self { story: Mutex::default(), changed: watch::Sender::new(()) }
    }
}

impl LiveRun {
    /// The barrier is about to fall.
    pub fn ready(&self, event: BurstEvent) {
        let mut story = lock(&self.story);
        story.ready = Some(event);
        story.released = Some(Instant::now());
        drop(story);
        self.changed.send_replace(());
    }

    /// One more buyer was told.
    pub fn answered(&self, fate: Fate) {
        lock(&self.story).fates.push(fate);
        self.changed.send_replace(());
    }

    /// It is over.
    pub fn ended(&self, document: Arc<Document>, report: RunReport) {
        let mut story = lock(&self.story);
        story.document = Some(document);
        story.end = Some(Ok(Box::new(report)));
        drop(story);
        self.changed.send_replace(());
    }

    /// It is over, and this is why there is nothing to show.
    pub fn failed(&self, error: AppError) {
        lock(&self.story).end = Some(Err(error));
        self.changed.send_replace(());
    }

    /// The store has it, and need not be asked here any more; or it could not be stored, and whoever looks is told so.
    pub fn stored(&self, stored: bool) {
        let mut story = lock(&self.story);
        if stored {
            story.document = None;
        } else if let Some(Ok(report)) = &mut story.end {
            report.stored = false;
        }
    }

    /// The run's document, while only this server has it.
    pub fn document(&self) -> Option<Arc<Document>> {
        lock(&self.story).document.clone()
    }

    fn is_over(&self) -> bool {
        lock(&self.story).end.is_some()
    }

    /// How it ended, once it has.
    pub async fn end(&self) -> Option<Result<Box<RunReport>, AppError>> {
        let mut changes = self.changed.subscribe();
        loop {
            if let Some(end) = lock(&self.story).end.clone() {
                return Some(end);
            }
            changes.changed().await.ok()?;
        }
    }

    /// Everything from the beginning, or after what was `seen`, then what happens, up to the end. Buyers answered while
    /// the watcher was busy come in one event.
    fn watch(self: Arc<Self>, seen: Option<usize>) -> impl Stream<Item = BurstEvent> + Send {
        let changes = self.changed.subscribe();
        let watcher = Watcher { run: self, changes, ready: seen.is_some(), told: seen.unwrap_or(0), ended: false };
        futures::stream::unfold(
            watcher,
            |mut watcher| async move { watcher.next().await.map(|event| (event, watcher)) },
        )
    }
}

struct Watcher {
    run: Arc<LiveRun>,
    changes: watch::Receiver<()>,
    ready: bool,
    told: usize,
    ended: bool,
}

impl Watcher {
    async fn next(&mut self) -> Option<BurstEvent> {
        loop {
            self.changes.mark_unchanged();
            if let Some(event) = self.look() {
                return Some(event);
            }
            if self.ended {
                return None;
            }
            self.changes.changed().await.ok()?;
        }
    }

    fn look(&mut self) -> Option<BurstEvent> {
        let story = lock(&self.run.story);
        if !self.ready && story.ready.is_some() {
            self.ready = true;
            return story.ready.clone();
        }
        if self.told < story.fates.len() {
            let fates = story.fates[self.told..].to_vec();
            self.told = story.fates.len();
            let ms = story.released.map_or(0, |released| released.elapsed().as_millis());
            return Some(BurstEvent::Fates { fates, ms: u64::try_from(ms).unwrap_or(u64::MAX) });
        }
        if !self.ended && story.end.is_some() {
            self.ended = true;
            return story.end.clone().map(|end| match end {
                Ok(report) => BurstEvent::Report(report),
                Err(error) => BurstEvent::Failed { error: error.to_string() },
            });
        }
        None
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
