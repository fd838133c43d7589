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
    /// Keys of none come first.
    sections: Vec<Section>,
}

/// What begins with the same word.
struct Section {
    /// The word; empty for keys of one word.
    name: String,
    rows: Vec<Row>,
    /// How many are not as they are by default.
    set: usize,
}

impl Section {
    /// By what the page's list leads to it; no key of one word is called so.
    fn anchor(&self) -> &str {
        if self.name.is_empty() { "section." } else { &self.name }
    }
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

    /// Whether it is not as it is by default.
    fn is_set(&self) -> bool {
        self.setting.origin != "default"
    }
}

/// `GET /settings`.
pub(crate) async fn show(State(console): State<Console>, visit: Visit, _: May<Admin>) -> Response {
    let mut sections = vec![Section { name: String::new(), rows: Vec::new(), set: 0 }];
    for setting in console.installation.settings() {
        let name = setting.key.split_once('.').map_or("", |(section, _)| section).to_owned();
        let row = Row::new(setting, &visit);
        let set = usize::from(row.is_set());
        match sections.iter_mut().find(|section| section.name == name) {
            Some(section) => {
                section.set += set;
                section.rows.push(row);
            }
            None => sections.push(Section { name, rows: vec![row], set }),
        }
    }
    sections.retain(|section| !section.rows.is_empty());
    visit.page(visit.t("settings")).show(&All { v: &visit, sections })
}
