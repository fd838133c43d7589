//! How far what runs says that it has come.

use std::time::Duration;

use askama::Template;
use engine::Report;
use http::page::Visit;
use model::Progress;

use super::span;

/// In words, with a bar where it knows its end.
#[derive(Template)]
#[template(
    source = r#"<span class="ahead">{% if let Some((done, of)) = measured %}<progress class="bargauge" max="{{ of }}" value="{{ done }}" aria-label="{{ label }}"></progress> {% endif %}{{ words }}</span>"#,
    ext = "html"
)]
pub(crate) struct Ahead {
    measured: Option<(u64, u64)>,
    label: String,
    words: String,
}

impl Ahead {
    pub(crate) fn new(v: &Visit, report: &Report) -> Self {
        let Progress { done, of, message, eta_seconds } = &report.progress;
        let counted = match (done, of) {
            (Some(done), Some(of)) => {
                let of = v.number(*of);
                Some(v.say("ahead-of", &[("done", v.number(*done).into()), ("of", of.into())]))
            }
            (Some(done), None) => Some(v.with("ahead-done", "done", &v.number(*done))),
            (None, Some(of)) => Some(v.with("ahead-in-all", "of", &v.number(*of))),
            (None, None) => None,
        };
        let left =
            eta_seconds.map(|seconds| v.with("ahead-left", "span", &span(v, Duration::from_secs(seconds))));
        let words: Vec<String> = counted.into_iter().chain(message.clone()).chain(left).collect();
        Ahead { measured: done.zip(*of), label: v.t("ahead"), words: words.join(" · ") }
    }
}
