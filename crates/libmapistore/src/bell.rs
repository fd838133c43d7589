//! When the thread has to be woken: only while it sleeps, and once.

/// Lies with the table, under its lock.
#[derive(Default)]
pub(crate) struct Bell {
    asleep: bool,
}

impl Bell {
    pub(crate) const fn new() -> Self {
        Self { asleep: false }
    }

    /// The thread has found nothing to do and is about to wait.
    pub(crate) fn sleep(&mut self) {
        self.asleep = true;
    }

    /// The thread is up.
    pub(crate) fn wake(&mut self) {
        self.asleep = false;
    }

    /// There is something to do: whether the bell has to be rung for it.
    pub(crate) fn ring(&mut self) -> bool {
        std::mem::take(&mut self.asleep)
    }
}
