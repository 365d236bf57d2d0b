//! Who waits for whom: bursts and resets of one seat go one after the other. Purchases never queue here; there is no
//! lock around buying.

use crate::error::AppError;
use onsale::{Backend, FloorId, SeatId};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::{Mutex as Turns, OwnedMutexGuard, OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};

/// How many may wait for one seat.
const DEPTH_MAX: usize = 8;

/// The queues of all floors; a floor has one only while somebody is in it.
#[derive(Default)]
pub struct Queues {
    floors: Mutex<HashMap<(Backend, FloorId), FloorQueue>>,
}

#[derive(Default)]
struct FloorQueue {
    /// A burst shares it, a reset holds it alone.
    floor: Arc<RwLock<()>>,
    seats: HashMap<SeatId, SeatQueue>,
    /// Resets that wait or run; they come before or after every seat.
    resets: usize,
    /// How long the last turn took.
    last: Duration,
}

#[derive(Default)]
struct SeatQueue {
    turns: Arc<Turns<()>>,
    bursts: usize,
}

/// A place in a queue, left when dropped.
pub struct Place {
    queues: Arc<Queues>,
    key: (Backend, FloorId),
    seat: Option<SeatId>,
    /// Bursts and resets that come first.
    pub ahead: usize,
    floor: Arc<RwLock<()>>,
    turns: Option<Arc<Turns<()>>>,
}

/// It is one's turn, until dropped.
pub struct Turn {
    began: Instant,
    _floor: Result<OwnedRwLockReadGuard<()>, OwnedRwLockWriteGuard<()>>,
    _seat: Option<OwnedMutexGuard<()>>,
    // Last: the place is left after the locks are.
    place: Place,
}

impl Queues {
    /// Takes a place for a burst at `seat`, or for a reset of the floor.
    ///
    /// # Errors
    /// [`AppError::Busy`] with the time to wait, when eight are waiting already.
    pub fn join(self: &Arc<Self>, backend: Backend, floor: &FloorId, seat: Option<SeatId>) -> Result<Place, AppError> {
        let key = (backend, floor.clone());
        let mut floors = self.lock();
        let queue = floors.entry(key.clone()).or_default();
        let ahead = match seat {
            Some(seat) => queue.resets + queue.seats.get(&seat).map_or(0, |queue| queue.bursts),
            None => queue.resets + queue.seats.values().map(|queue| queue.bursts).max().unwrap_or(0),
        };
        // One may be having its turn while eight wait.
        if ahead > DEPTH_MAX {
            let wait = queue.last.max(Duration::from_millis(200)) * u32::try_from(ahead).unwrap_or(u32::MAX);
            let seat = seat.map_or_else(|| "The floor".to_owned(), |seat| format!("Seat {seat}"));
            return Err(AppError::Busy { seat, wait_s: wait.as_secs() + 1 });
        }
        let turns = if let Some(seat) = seat {
            let queue = queue.seats.entry(seat).or_default();
            queue.bursts += 1;
            Some(Arc::clone(&queue.turns))
        } else {
            queue.resets += 1;
            None
        };
        let floor = Arc::clone(&queue.floor);
        drop(floors);
        Ok(Place { queues: Arc::clone(self), key, seat, ahead, floor, turns })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(Backend, FloorId), FloorQueue>> {
        self.floors.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Waits for one's turn.
    pub async fn turn(self) -> Turn {
        let floor = Arc::clone(&self.floor);
        let (floor, seat) = match &self.turns {
            Some(turns) => {
                let seat = Arc::clone(turns).lock_owned().await;
                (Ok(floor.read_owned().await), Some(seat))
            }
            None => (Err(floor.write_owned().await), None),
        };
        Turn { began: Instant::now(), _floor: floor, _seat: seat, place: self }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let took = self.began.elapsed();
        if let Some(queue) = self.place.queues.lock().get_mut(&self.place.key) {
            queue.last = took;
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut floors = self.queues.lock();
        let Some(queue) = floors.get_mut(&self.key) else { return };
        match self.seat {
            None => queue.resets -= 1,
            Some(seat) => {
                if let Some(waiting) = queue.seats.get_mut(&seat) {
                    waiting.bursts -= 1;
                    if waiting.bursts == 0 {
                        queue.seats.remove(&seat);
                    }
                }
            }
        }
        if queue.resets == 0 && queue.seats.is_empty() {
            floors.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seat(text: &str) -> SeatId {
        text.parse().unwrap()
    }

    #[tokio::test]
    async fn one_seat_one_turn_eight_waiting() {
        let queues = Arc::new(Queues::default());
        let join = |text: &str| queues.join(Backend::Dsql, &FloorId::main(), Some(seat(text)));
        let turn = join("A1").unwrap().turn().await;
        let waiting: Vec<Place> = (0..DEPTH_MAX).map(|_| join("A1").unwrap()).collect();
        assert_eq!(waiting.iter().map(|place| place.ahead).collect::<Vec<_>>(), (1..=DEPTH_MAX).collect::<Vec<_>>());
        assert!(matches!(join("A1"), Err(AppError::Busy { wait_s: 1.., .. })));
        let other = join("A2").unwrap().turn().await;
        drop((turn, waiting, other));
        assert!(queues.lock().is_empty(), "a queue that nobody is in is forgotten");
    }

    #[tokio::test]
    async fn a_reset_waits_for_every_seat_and_seats_wait_for_it() {
        let queues = Arc::new(Queues::default());
        let join = |seat| queues.join(Backend::Dsql, &FloorId::main(), seat).unwrap();
        let burst = join(Some(seat("A1"))).turn().await;
        let mut reset = Box::pin(join(None).turn());
        assert!(futures::poll!(&mut reset).is_pending());
        let mut later = Box::pin(join(Some(seat("B1"))).turn());
        assert!(futures::poll!(&mut later).is_pending(), "first come, first served");
        drop(burst);
        let reset = reset.await;
        assert!(futures::poll!(&mut later).is_pending());
        drop(reset);
        drop(later.await);
    }
}
