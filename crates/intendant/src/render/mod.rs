//! What a person sees: marks and colours, tables, times, the story of a job.

pub mod job;
pub mod paint;
pub mod reason;
pub mod step;
pub mod story;
pub mod table;
pub mod text;
pub mod time;

pub use paint::{Mark, Paint};
pub use table::{Align, Cell, Table};
pub use time::Times;

/// How something is shown: colours, columns, time zone.
#[derive(Clone, Debug)]
pub struct Look {
    /// Colours.
    pub paint: Paint,
    /// Columns of a line.
    pub width: usize,
    /// Time zone.
    pub times: Times,
}
