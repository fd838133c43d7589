//! The configuration as it holds now, for looking only: it is changed in its file.

use api::dto::Setting;
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::page::Visit;
use http::{Admin, May};

use crate::Console;

#[derive(Template)]
#[template(path = "settings.html")]
struct All<'p> {
    v: &'p Visit,
    /// By section; keys of none come first.
    sections: Vec<(String, Vec<Row>)>,
}

struct Row {
    /// Its meaning in pieces: whether a piece is to be shown as code.
    meaning: Vec<(bool, String)>,
    setting: Setting,
}

impl Row {
    fn new(setting: Setting, visit: &Visit) -> Self {
        let meaning = visit.words(&setting.meaning);
        let pieces = meaning.split('`').enumerate();
        Row { meaning: pieces.map(|(place, text)| (place % 2 == 1, text.to_owned())).collect(), setting }
    }
}

/// `GET /settings`.
pub(crate) async fn show(State(console): State<Console>, visit: Visit, _: May<Admin>) -> Response {
    let mut sections: Vec<(String, Vec<Row>)> = vec![(String::new(), Vec::new())];
    for setting in console.installation.settings() {
        let section = setting.key.split_once('.').map_or("", |(section, _)| section).to_owned();
        match sections.iter_mut().find(|(name, _)| *name == section) {
            Some((_, rows)) => rows.push(Row::new(setting, &visit)),
            None => sections.push((section, vec![Row::new(setting, &visit)])),
        }
    }
    sections.retain(|(_, rows)| !rows.is_empty());
    visit.page(visit.t("settings")).show(&All { v: &visit, sections })
}
