//! Colours and marks. One accent for each meaning, and plain text where colours are off.

/// Puts colours around text, or leaves it alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paint {
    on: bool,
}

impl Paint {
    /// With colours, or without.
    pub fn new(on: bool) -> Self {
        Paint { on }
    }

    /// Whether colours are on.
    pub fn is_on(self) -> bool {
        self.on
    }

    /// What stands out.
    pub fn bold(self, text: &str) -> String {
        self.wrap("1", text)
    }

    /// What may be overlooked.
    pub fn dim(self, text: &str) -> String {
        self.wrap("2", text)
    }

    /// What went well.
    pub fn green(self, text: &str) -> String {
        self.wrap("32", text)
    }

    /// What went wrong.
    pub fn red(self, text: &str) -> String {
        self.wrap("31", text)
    }

    /// What wants attention.
    pub fn yellow(self, text: &str) -> String {
        self.wrap("33", text)
    }

    /// What is under way.
    pub fn cyan(self, text: &str) -> String {
        self.wrap("36", text)
    }

    fn wrap(self, code: &str, text: &str) -> String {
        if self.on && !text.is_empty() { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// How something went, at a glance. The sign says it without the colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// It went well.
    Good,
    /// It went wrong.
    Bad,
    /// It wants attention, or is tried again.
    Warn,
    /// It is under way.
    Busy,
    /// It did not happen, or waits.
    Idle,
}

impl Mark {
    /// The sign.
    pub fn sign(self) -> &'static str {
        match self {
            Mark::Good => "✓",
            Mark::Bad => "✗",
            Mark::Warn => "!",
            Mark::Busy => "▸",
            Mark::Idle => "·",
        }
    }

    /// The text in the colour of the mark.
    pub fn paint(self, paint: Paint, text: &str) -> String {
        match self {
            Mark::Good => paint.green(text),
            Mark::Bad => paint.red(text),
            Mark::Warn => paint.yellow(text),
            Mark::Busy => paint.cyan(text),
            Mark::Idle => paint.dim(text),
        }
    }
}
