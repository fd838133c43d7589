//! Ends what scripts that are over have left behind without a trace in their group or their pipes: children that
//! called `setsid` and closed everything. They still carry the mark of their attempt, or were handed to us when they
//! lost their parents.

use std::collections::HashSet;
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::force::{self, GRACE};
use super::nursery;
use super::processes::{self, Family};
use crate::host;
use crate::time::Stopwatch;

/// Looking at every process costs time: it is done at most so often, and for many ended attempts at once.
const INTERVAL: Duration = Duration::from_millis(250);

/// Looking takes at most one part in so many of the time, however many processes there are.
const SHARE: u32 = 50;

/// Looks after ended attempts, in a thread that begins with the first one and ends with the sweeper, after a last
/// look.
#[derive(Debug, Default)]
pub(crate) struct Sweeper {
    line: OnceLock<Line>,
}

#[derive(Debug)]
struct Line {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    news: Mutex<News>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct News {
    finished: Vec<Finished>,
    closing: bool,
}

/// An attempt that is over.
#[derive(Debug)]
struct Finished {
    /// Nothing that carries it may live on; `None` = it may.
    mark: Option<String>,
    backend: Arc<str>,
}

impl Sweeper {
    /// Tells that an attempt is over, and that nothing that carries its mark may live on.
    pub(crate) fn ended(&self, mark: String, backend: Arc<str>) {
        self.tell(Finished { mark: Some(mark), backend });
    }

    /// Tells that an attempt is over whose leavings may live on, or were ended: what it lost otherwise is looked for.
    pub(crate) fn released(&self, backend: Arc<str>) {
        if host::adopts() {
            self.tell(Finished { mark: None, backend });
        }
    }

    fn tell(&self, finished: Finished) {
        let line = self.line.get_or_init(Line::begin);
        if line.thread.is_none() {
            // There was none to be had: whoever tells looks.
            sweep(vec![finished]);
            return;
        }
        let shared = &line.shared;
        let mut news = shared.news();
        news.finished.push(finished);
        // While there is something to look at, the thread is awake already, or soon.
        if news.finished.len() == 1 {
            shared.changed.notify_one();
        }
    }
}

impl Line {
    fn begin() -> Line {
        let shared = Arc::<Shared>::default();
        let watched = Arc::clone(&shared);
        let thread = thread::Builder::new().name("sweeper".to_owned()).spawn(move || watched.watch()).ok();
        Line { shared, thread }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.shared.news().closing = true;
        self.shared.changed.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn news(&self) -> MutexGuard<'_, News> {
        self.news.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn watch(&self) {
        let mut pause = INTERVAL;
        while let Some(finished) = self.gather(pause) {
            let looking = Stopwatch::start();
            let missed = sweep(finished);
            let mut news = self.news();
            if !news.closing {
                news.finished.extend(missed);
            }
            drop(news);
            pause = INTERVAL.max(looking.elapsed() * SHARE);
        }
    }

    /// Waits for an ended attempt, then takes those that end within the pause. None at the end.
    fn gather(&self, pause: Duration) -> Option<Vec<Finished>> {
        let idle = |news: &mut News| news.finished.is_empty() && !news.closing;
        let news = self.changed.wait_while(self.news(), idle).unwrap_or_else(PoisonError::into_inner);
        let waited = self.changed.wait_timeout_while(news, pause, |news| !news.closing);
        let (mut news, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let finished = mem::take(&mut news.finished);
        (!finished.is_empty()).then_some(finished)
    }
}

/// Ends what is left of these. Gives them back when there was no descriptor or memory left to look.
fn sweep(finished: Vec<Finished>) -> Vec<Finished> {
    let Ok(mut all) = processes::all() else { return finished };
    let carried: HashSet<&String> = all.iter().filter_map(|process| process.mark.as_ref()).collect();
    let left: Vec<Finished> = finished
        .into_iter()
        .filter(|one| one.mark.as_ref().is_some_and(|mark| carried.contains(mark)))
        .collect();
    for Finished { mark, backend } in &left {
        let marks = mark.iter().cloned().collect();
        force::end(Family { marks: Some(&marks), ..Family::default() }, GRACE).warn(backend);
    }
    if !left.is_empty() {
        all = processes::all().unwrap_or_default();
    }
    let abandoned = nursery::abandoned(all);
    if !abandoned.is_empty() {
        let ended = force::end(Family { named: &abandoned, ..Family::default() }, GRACE);
        tracing::warn!(ended = ?ended.gone, left = ?ended.left, "processes that scripts had left without a trace were ended");
    }
    Vec::new()
}
