//! What a person sees: where it is printed, marks and colours, tables, times.

mod asked;
mod hidden;
pub mod paint;
mod progress;
mod screen;
pub mod table;
pub mod text;
pub mod time;
mod tongue;

pub use asked::ask_number;
pub use hidden::ask_secret;
pub use paint::{Mark, Paint};
pub use progress::progress;
pub use screen::{Colour, Screen};
pub use table::{Align, Cell, Table};
pub use time::Times;
pub use tongue::{Tongue, wanted};

/// How something is shown: colours, columns, time zone, language.
#[derive(Clone, Debug)]
pub struct Look {
    /// Colours.
    pub paint: Paint,
    /// Columns of a line of words.
    pub width: usize,
    /// Columns of a line of a table or a list.
    pub columns: usize,
    /// Time zone.
    pub times: Times,
    /// Language.
    pub tongue: Tongue,
}

impl Look {
    /// Without colours, in English and UTC: as tests look at it.
    pub fn plain(width: usize) -> Self {
        let times = Times::in_zone(jiff::tz::TimeZone::UTC);
        Look { paint: Paint::new(false), width, columns: width, times, tongue: Tongue::default() }
    }

    /// The same with nothing cut, however narrow the terminal.
    #[must_use]
    pub fn whole(self) -> Self {
        Look { columns: screen::UNBROKEN, ..self }
    }

    /// The text in the language of whoever reads it.
    pub fn say(&self, words: &str) -> String {
        self.tongue.say(words)
    }
}
