//! What a module finds by a few letters of a name.

use engine::port::BoxFuture;
use http::page::Visit;

/// Finds things of a module by what one remembers of them. It is asked with every letter that is typed.
pub trait Finder: Send + Sync {
    /// The message that names what it finds.
    fn name(&self) -> &'static str;

    /// What fits best, of what who looks may see; at most so many. What goes wrong finds nothing.
    fn find<'a>(&'a self, visit: &'a Visit, words: &'a str, at_most: usize) -> BoxFuture<'a, Vec<Found>>;
}

/// Something that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its name for people.
    pub name: String,
    /// What tells it from others of that name.
    pub detail: Option<String>,
    /// Its page.
    pub path: String,
}

impl Found {
    /// Something of this name, with its page.
    pub fn new(name: impl Into<String>, path: impl Into<String>) -> Self {
        Found { name: name.into(), detail: None, path: path.into() }
    }

    /// The same with what tells it from others.
    #[must_use]
    pub fn detail(self, detail: impl Into<String>) -> Self {
        Found { detail: Some(detail.into()), ..self }
    }
}
