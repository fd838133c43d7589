//! How far an attempt has come, in its own words.

use serde_json::Value;

use crate::mask::Mask;

/// Characters of a message that are kept.
const LONGEST: usize = 200;
/// The largest number that every reader of JSON reads exactly.
const LARGEST: u64 = 1 << 53;
/// Nobody knows what will be after so many seconds: a year.
const FARTHEST: u64 = 366 * 24 * 3600;

/// What an attempt says of how far it has come: shown while it runs, and kept nowhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// So much is done, in whatever unit.
    pub done: Option<u64>,
    /// Of so much.
    pub of: Option<u64>,
    /// What it is doing.
    pub message: Option<String>,
    /// So many seconds are left, as far as it knows.
    pub eta_seconds: Option<u64>,
}

impl Progress {
    /// So much is done of so much.
    pub fn of(done: u64, of: u64) -> Self {
        Progress { done: Some(done), of: Some(of), ..Progress::default() }
    }

    /// The same, while it does this.
    #[must_use]
    pub fn saying(self, message: impl Into<String>) -> Self {
        Progress { message: Some(message.into()), ..self }
    }

    /// Reads `{"done", "of", "message", "eta_seconds"}`. What is no number of at least zero, or no text, is left out;
    /// `None` = nothing is left.
    pub fn read(document: &Value) -> Option<Self> {
        let number = |name: &str| document.get(name).and_then(whole);
        let message = document.get("message").and_then(Value::as_str).map(str::to_owned);
        let (done, of, eta_seconds) = (number("done"), number("of"), number("eta_seconds"));
        Some(Progress { done, of, message, eta_seconds }).filter(|read| *read != Progress::default())
    }

    /// As it may be shown: within bounds, in one line, without secrets. A total that is exceeded is none.
    #[must_use]
    pub fn shown(self, mask: &Mask) -> Self {
        let done = self.done.map(|done| done.min(LARGEST));
        let of = self.of.filter(|of| (1..=LARGEST).contains(of) && *of >= done.unwrap_or_default());
        let message =
            self.message.map(|message| one_line(&mask.text(&message))).filter(|line| !line.is_empty());
        Progress { done, of, message, eta_seconds: self.eta_seconds.filter(|left| *left <= FARTHEST) }
    }

    /// How much of it is done, in percent, where both are known.
    pub fn percent(&self) -> Option<u64> {
        let (done, of) = (self.done?, self.of?);
        Some((u128::from(done) * 100).checked_div(u128::from(of))?.try_into().unwrap_or(100))
    }
}

/// A number as a count: what stands behind its point is left out.
fn whole(value: &Value) -> Option<u64> {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is within the bounds")]
    let rounded = |number: f64| (0.0..=9e15).contains(&number).then_some(number as u64);
    value.as_u64().or_else(|| value.as_f64().and_then(rounded))
}

/// The text in one line, no longer than is shown.
fn one_line(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let mut line = String::new();
    for word in words {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        if line.len() > LONGEST * 4 {
            break;
        }
    }
    match line.char_indices().nth(LONGEST) {
        Some(_) => line.chars().take(LONGEST - 1).chain(['…']).collect(),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::redact::take_secrets;

    #[test]
    fn what_is_no_number_or_text_is_left_out() {
        let read = Progress::read(
            &json!({ "done": 45.9, "of": -1, "message": 7, "eta_seconds": 1e300, "else": {} }),
        );
        assert_eq!(read, Some(Progress { done: Some(45), ..Progress::default() }));
        assert_eq!(Progress::read(&json!({ "done": "3", "of": null })), None);
        assert_eq!(Progress::read(&json!([1, 2])), None);
    }

    #[test]
    fn a_total_that_is_exceeded_is_none() {
        let shown = |done, of| Progress::of(done, of).shown(&Mask::default());
        assert_eq!(shown(3, 4).percent(), Some(75));
        assert_eq!(shown(5, 4), Progress { done: Some(5), ..Progress::default() });
        assert_eq!(shown(0, 0).percent(), None);
        assert_eq!(shown(u64::MAX, u64::MAX), Progress { done: Some(LARGEST), ..Progress::default() });
        let late = Progress { eta_seconds: Some(u64::MAX), ..Progress::default() };
        assert_eq!(late.shown(&Mask::default()).eta_seconds, None);
    }

    #[test]
    fn a_message_is_one_short_line_without_secrets() {
        let mask = Mask::new(&take_secrets(&mut json!({ "password": "canary-7x" }), &[]));
        let shown = |text: &str| Progress::default().saying(text).shown(&mask).message;
        assert_eq!(shown(" sets\n\u{1b}[31m  canary-7x\t"), Some("sets [31m ••••••".to_owned()));
        assert_eq!(shown(" \n "), None);
        // A secret at the cut is masked before it is cut.
        let long = shown(&format!("{}canary-7x{}", "x".repeat(195), "é".repeat(1 << 20))).unwrap();
        assert_eq!(long.chars().count(), LONGEST);
        assert!(!long.contains("can"), "{long}");
    }
}
