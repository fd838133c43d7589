//! Moments on pages.

use askama::Template;
use jiff::Timestamp;

/// A moment. The page's script shows it in the reader's own zone.
#[derive(Template)]
#[template(source = r#"<time datetime="{{ exact }}">{{ text }}</time>"#, ext = "html")]
pub struct When {
    exact: String,
    text: String,
}

impl From<Timestamp> for When {
    fn from(at: Timestamp) -> Self {
        When { exact: format!("{at:.3}"), text: at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string() }
    }
}
