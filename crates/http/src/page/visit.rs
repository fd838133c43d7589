//! Who looks at a page, in which language and light.

use std::borrow::Cow;

use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri};
use fluent_bundle::FluentValue;

use super::cookie::cookie;
use super::kit::Kit;
use super::lang::Lang;
use super::layout::Page;
use super::text::{Args, number};
use crate::caller::Caller;
use crate::scope::Scope;

/// Light or dark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// As the system is set.
    Auto,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// All of them.
    pub const ALL: [Theme; 3] = [Theme::Auto, Theme::Light, Theme::Dark];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Theme::Auto => "auto",
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }

    /// The theme of that name.
    pub(super) fn of_word(word: &str) -> Option<Self> {
        Theme::ALL.into_iter().find(|theme| theme.as_str() == word)
    }
}

/// The cookie that keeps the theme.
pub(super) const THEME: &str = "theme";

/// Somebody who looks at a page.
#[derive(Clone)]
pub struct Visit {
    pub(super) kit: Kit,
    /// The language in which it is written.
    pub lang: Lang,
    /// The light in which it is shown.
    pub theme: Theme,
    /// Who it is; `None` = not signed in.
    pub caller: Option<Caller>,
    /// Path and query of the page.
    pub here: String,
    /// Only what is inside of the frame is wanted: the page is there and is being brought up to date.
    pub fragment: bool,
    /// What has just been done, see [`Visit::said`].
    pub(super) said: Option<String>,
}

impl Visit {
    pub(super) fn new(kit: Kit, parts: &Parts) -> Self {
        let headers = &parts.headers;
        Visit {
            kit,
            lang: Lang::wanted(headers),
            theme: cookie(headers, THEME).and_then(Theme::of_word).unwrap_or(Theme::Auto),
            caller: parts.extensions.get().cloned(),
            here: here(&parts.uri),
            fragment: is_htmx(headers),
            said: said(&parts.uri),
        }
    }

    /// A message.
    pub fn t(&self, key: &str) -> String {
        self.say(key, &[])
    }

    /// A message with its arguments.
    pub fn say(&self, key: &str, args: &Args<'_>) -> String {
        self.kit.texts().say(self.lang, key, args)
    }

    /// A message with one argument, a text.
    pub fn with(&self, key: &str, name: &'static str, value: &str) -> String {
        self.say(key, &[(name, FluentValue::from(value))])
    }

    /// A message about so many, `$n`.
    pub fn count(&self, key: &str, n: impl Whole) -> String {
        self.say(key, &[("n", n.whole().into())])
    }

    /// What the hub itself says, an error or a reason, in the language of the page where it is known.
    pub fn words<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match (self.lang, self.kit.inner().french) {
            (Lang::Fr, Some(french)) => french.say(text),
            _ => Cow::Borrowed(text),
        }
    }

    /// The language of what [`Visit::words`] makes of it.
    pub fn words_lang(&self, text: &str) -> &'static str {
        let known = self.kit.inner().french.is_some_and(|french| french.find(text).is_some());
        if known { self.lang.tag() } else { Lang::En.tag() }
    }

    /// A whole number as the language writes it.
    #[expect(clippy::cast_precision_loss, reason = "nobody reads more than 15 digits")]
    pub fn number(&self, n: impl Whole) -> String {
        number(self.lang, n.whole() as f64, 0)
    }

    /// A number with at most so many digits after its point.
    pub fn decimal(&self, n: f64, digits: usize) -> String {
        number(self.lang, n, digits)
    }

    /// Whether who looks may do this: buttons for what is not allowed are not shown.
    pub fn may(&self, scope: Scope) -> bool {
        self.caller.as_ref().is_some_and(|caller| caller.may(scope))
    }

    /// The places of the navigation that who looks may see: their names and paths.
    pub fn places(&self) -> impl Iterator<Item = (String, &'static str)> {
        let seen = self.kit.inner().nav.iter().filter(|item| self.may(item.needs));
        seen.map(|item| (self.t(item.name), item.path))
    }

    /// Where a file of the kit is served.
    pub fn asset(&self, name: &str) -> String {
        self.kit.inner().assets.path(name)
    }

    /// A page with this title.
    pub fn page(&self, title: impl Into<String>) -> Page<'_> {
        Page::new(self, title.into())
    }

    /// Where to go on after something was done: to a page that says so. `key` names the message, `done-KEY`, of which
    /// `n` is the argument.
    pub fn said(path: &str, key: &str, n: usize) -> axum::response::Redirect {
        let mark = if path.contains('?') { '&' } else { '?' };
        axum::response::Redirect::to(&format!("{path}{mark}said={key}.{n}"))
    }

    /// What has just been done, in words.
    pub(super) fn notice(&self) -> Option<String> {
        let (key, n) = self.said.as_deref()?.rsplit_once('.')?;
        let key = format!("done-{key}");
        let known = self.kit.texts().knows(self.lang, &key);
        known.then(|| self.count(&key, n.parse::<u32>().unwrap_or_default()))
    }
}

/// A whole number, whatever its type; what is too large is shown as the largest.
pub trait Whole {
    /// The number.
    fn whole(&self) -> i64;
}

macro_rules! whole {
    ($($type:ty),+) => {$(
        impl Whole for $type {
            fn whole(&self) -> i64 {
                i64::try_from(*self).unwrap_or(i64::MAX)
            }
        }
    )+};
}
whole!(u16, u32, u64, usize, i32, i64);

impl<T: Whole> Whole for &T {
    fn whole(&self) -> i64 {
        T::whole(self)
    }
}

impl<S> FromRequestParts<S> for Visit
where
    S: Send + Sync,
    Kit: FromRef<S>,
{
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        Ok(Visit::new(Kit::from_ref(state), parts))
    }
}

/// Whether a request was made by a page that is there, for a part of itself.
pub(super) fn is_htmx(headers: &HeaderMap) -> bool {
    headers.get("hx-request").is_some_and(|value| value == "true")
}

/// Path and query, without what has just been said.
fn here(uri: &Uri) -> String {
    let query = uri.query().unwrap_or_default();
    let kept: Vec<&str> =
        query.split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("said=")).collect();
    let path = uri.path();
    if kept.is_empty() { path.to_owned() } else { format!("{path}?{}", kept.join("&")) }
}

fn said(uri: &Uri) -> Option<String> {
    uri.query()?.split('&').find_map(|pair| pair.strip_prefix("said=")).map(str::to_owned)
}

/// A path on this server, or the start: a link must not lead elsewhere.
pub fn local_path(to: &str) -> &str {
    let inside = to.starts_with('/') && !to.starts_with("//") && !to.contains(['\\', '\r', '\n', '\t']);
    if inside { to } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_this_server_are_followed() {
        assert_eq!(local_path("/jobs?state=failed"), "/jobs?state=failed");
        for elsewhere in
            ["//evil.example", "https://evil.example", "/\\evil.example", "jobs", "", "/a\nb", "/\t/e"]
        {
            assert_eq!(local_path(elsewhere), "/", "{elsewhere:?}");
        }
    }

    #[test]
    fn what_was_said_is_no_part_of_the_place() {
        let uri: Uri = "/jobs?state=failed&said=retried.3".parse().unwrap();
        assert_eq!(here(&uri), "/jobs?state=failed");
        assert_eq!(said(&uri).as_deref(), Some("retried.3"));
        assert_eq!(here(&"/jobs?said=x.1".parse().unwrap()), "/jobs");
    }
}
