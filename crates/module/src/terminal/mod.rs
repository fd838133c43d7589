//! What a person sees: where it is printed, marks and colours, tables, times.

mod hidden;
pub mod paint;
mod progress;
mod screen;
pub mod table;
pub mod text;
pub mod time;

pub use hidden::ask_secret;
pub use paint::{Mark, Paint};
pub use progress::progress;
pub use screen::{Colour, Screen};
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
