//! The names of a queue's keys.

/// Names of one queue's keys.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    prefix: String,
}

impl Keys {
    pub(crate) fn new(prefix: &str, queue: &str) -> Self {
        Keys { prefix: format!("{prefix}:{queue}:") }
    }

    /// What every name begins with.
    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// A key of the queue, or the hash of the job with that id.
    pub(crate) fn key(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// Several keys of the queue.
    pub(crate) fn keys<const N: usize>(&self, names: [&str; N]) -> [String; N] {
        names.map(|name| self.key(name))
    }

    /// Which hub serves the queue. Not among BullMQ's own keys: emptying a queue must not free it.
    pub(crate) fn served_by(&self) -> String {
        format!("intendant:{}served-by", self.prefix)
    }
}
