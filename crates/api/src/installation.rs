//! What lies on the hub's disk: configuration and backends, as routes and pages ask for it.

use engine::port::BoxFuture;

use crate::dto::{CheckReport, ReloadReport, Setting};

/// Configuration and backends on the hub's disk. Implemented by the command, which alone knows where they lie.
pub trait Installation: Send + Sync {
    /// Reads all that can change at run time and hands it to the hub; an error says why all stays as it was.
    fn reload(&self) -> BoxFuture<'_, Result<ReloadReport, String>>;

    /// Looks at the backends as they lie there now and changes nothing: what a reload would find.
    fn check(&self) -> BoxFuture<'_, Result<CheckReport, String>>;

    /// The settings that hold.
    fn settings(&self) -> Vec<Setting>;
}
