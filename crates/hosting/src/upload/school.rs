//! What uploads ask of the lifecycle of the schools.

use std::path::PathBuf;

use engine::port::BoxFuture;
use http::Problem;
use ring::hmac;
use serde::{Deserialize, Serialize};

/// A school, as long as its key is not changed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct School {
    /// Its number.
    pub rne: String,
    /// Changes with its key.
    pub generation: u64,
}

/// How a school stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The generation that counts now.
    pub generation: u64,
    /// It waits for databases.
    pub may_upload: bool,
    /// Sets of files that it holds: they were handed over, and are still needed.
    pub sets: Vec<String>,
}

/// A file that is handed over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handed {
    /// Where it lies.
    pub path: PathBuf,
    /// The name that it had at the school.
    pub name: String,
    /// Its bytes.
    pub size: u64,
    /// Its SHA-256, in hexadecimal.
    pub sha256: String,
    /// It is the main database.
    pub main: bool,
}

/// The lifecycle, as far as uploads have to do with it.
pub trait Schools: Send + Sync + 'static {
    /// Whose key this is, if it is the one of that school. How long that takes says nothing.
    fn of_key<'a>(&'a self, rne: &'a str, key: &'a str) -> BoxFuture<'a, Result<Option<School>, Problem>>;

    /// The key by which tickets are signed, and nothing else.
    fn secret(&self) -> BoxFuture<'_, Result<hmac::Key, Problem>>;

    /// How a school stands; `None` = there is none.
    fn standing<'a>(&'a self, rne: &'a str) -> BoxFuture<'a, Result<Option<Standing>, Problem>>;

    /// Hands a set of files over, the main one first. Once it answers, that is durable, and the set is among those that the
    /// school holds. Handed over again, nothing changes.
    fn hand_over<'a>(
        &'a self,
        school: &'a School,
        set: &'a str,
        files: Vec<Handed>,
    ) -> BoxFuture<'a, Result<(), Problem>>;
}
