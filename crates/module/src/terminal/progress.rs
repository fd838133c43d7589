//! Progress, where a person waits.

use std::fmt;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::Screen;

/// A bar for so many lines, or for as many as come; hidden where nobody watches.
pub fn progress(lines: Option<u64>, screen: &Screen, json: bool) -> ProgressBar {
    if json || !screen.live {
        return ProgressBar::hidden();
    }
    let template = match lines {
        Some(_) => "  {bar:40} {pos}/{len}  {rate}  {eta} left",
        None => "  {spinner} {pos} lines  {rate}",
    };
    let bar = ProgressBar::with_draw_target(lines, ProgressDrawTarget::stderr_with_hz(10));
    if let Ok(style) = ProgressStyle::with_template(template) {
        let rate = |state: &ProgressState, out: &mut dyn fmt::Write| {
            // Writing into a line of the screen cannot fail.
            let _ = write!(out, "{:.0}/s", state.per_sec());
        };
        bar.set_style(style.with_key("rate", rate).progress_chars("━╸ "));
    }
    bar
}
