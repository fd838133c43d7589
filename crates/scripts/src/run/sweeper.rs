//! Ends what scripts that are over have left behind without a trace in their group or their pipes: children that
//! called `setsid` and closed everything. They still carry the mark of their attempt.

use std::collections::{HashMap, HashSet};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::force::{self, GRACE};
use super::processes::{self, Family};
use crate::time::{Deadline, Stopwatch};

/// Looking at every process costs time: it is done at most so often, and for many ended attempts at once.
const INTERVAL: Duration = Duration::from_millis(250);

/// Looking takes at most one part in so many of the time, however many processes there are.
const SHARE: u32 = 50;

/// An attempt that is over.
struct Over {
    mark: String,
    backend: Arc<str>,
}

/// Looks after ended attempts, in a thread that begins with the first one and ends with the sweeper, after a last
/// look.
#[derive(Debug, Default)]
pub(crate) struct Sweeper {
    line: OnceLock<Line>,
}

#[derive(Debug)]
struct Line {
    sender: Option<Sender<Over>>,
    thread: Option<JoinHandle<()>>,
}

impl Sweeper {
    /// Tells that an attempt is over, and that nothing of it may live on.
    pub(crate) fn ended(&self, mark: String, backend: Arc<str>) {
        let line = self.line.get_or_init(Line::begin);
        if let Some(sender) = &line.sender {
            // Without its thread there is nobody to tell, and nothing to be done about it.
            let _ = sender.send(Over { mark, backend });
        }
    }
}

impl Line {
    fn begin() -> Line {
        let (sender, ended) = channel();
        let thread = thread::Builder::new().name("sweeper".to_owned()).spawn(move || watch(&ended)).ok();
        Line { sender: Some(sender), thread }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.sender = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn watch(ended: &Receiver<Over>) {
    let mut pause = INTERVAL;
    while let Ok(first) = ended.recv() {
        let mut attempts = HashMap::from([(first.mark, first.backend)]);
        gather(ended, &mut attempts, Deadline::after(pause));
        let looking = Stopwatch::start();
        sweep(&attempts);
        pause = INTERVAL.max(looking.elapsed() * SHARE);
    }
}

/// Gathers what ends until the time is over or nobody is left to tell.
fn gather(ended: &Receiver<Over>, attempts: &mut HashMap<String, Arc<str>>, until: Deadline) {
    loop {
        match ended.recv_timeout(until.left()) {
            Ok(over) => attempts.insert(over.mark, over.backend),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return,
        };
    }
}

fn sweep(attempts: &HashMap<String, Arc<str>>) {
    let marks: HashSet<String> = attempts.keys().cloned().collect();
    if !processes::any_carries(&marks) {
        return;
    }
    for (mark, backend) in attempts {
        let marks = HashSet::from([mark.clone()]);
        if processes::any_carries(&marks) {
            let ended = force::end(Family { marks: &marks, group: None }, GRACE);
            ended.warn(backend, mark);
        }
    }
}
