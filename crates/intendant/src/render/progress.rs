//! How far an attempt says that it has come, in words.

use std::time::Duration;

use api::dto::Progress;

use super::time::took;
use super::{Look, text};

/// `10ldif 3 of 10, writing groups, about 20 s left`.
pub fn words(progress: &Progress, look: &Look) -> String {
    let counted = match (progress.done, progress.of) {
        (Some(done), Some(of)) => Some(format!("{done} of {of}")),
        (Some(done), None) => Some(format!("{done} done")),
        (None, Some(of)) => Some(format!("{of} in all")),
        (None, None) => None,
    };
    let left = progress.eta_seconds.map(|left| format!("about {} left", took(Duration::from_secs(left))));
    let ours = |words: Option<String>| words.map(|words| look.say(&words));
    let said: Vec<String> =
        ours(counted).into_iter().chain(progress.message.clone()).chain(ours(left)).collect();
    text::one_line(&format!("{} {}", progress.backend, said.join(", ")))
}
