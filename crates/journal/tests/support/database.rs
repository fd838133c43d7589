//! A journal on PostgreSQL: one server for each test program, a schema for each journal.

use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use intendant_journal::{Database, Options};
use tempfile::TempDir;
use testkit::proxy::Proxy;
use testkit::service::{Kind, Service};

use super::folder::key;
use super::{Bed, Heard, Opened};

/// The server. It ends with the process.
fn server() -> &'static Service {
    static SERVER: OnceLock<Service> = OnceLock::new();
    SERVER.get_or_init(|| Kind::PostgreSql.start().unwrap())
}

/// A schema, and the data folder of a machine.
pub struct Schema {
    url: String,
    folder: TempDir,
}

impl Schema {
    /// A new one on the server that the tests of this program share.
    pub fn new() -> Self {
        Schema::on(server().url())
    }

    /// A new one on a server.
    pub fn on(url: &str) -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("journal_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        sql(url, &format!("CREATE SCHEMA {name}"));
        Schema { url: format!("{url}?options=-csearch_path%3D{name}"), folder: tempfile::tempdir().unwrap() }
    }

    /// The same schema, used from another machine.
    pub fn elsewhere(&self) -> Self {
        Schema { url: self.url.clone(), folder: tempfile::tempdir().unwrap() }
    }

    /// The same schema, used from another machine and by a road of its own.
    pub fn by(&self, road: &Proxy) -> Self {
        Schema { url: road.url(&self.url), folder: tempfile::tempdir().unwrap() }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn options(&self) -> Options {
        Options::new(Database::new(&self.url, self.folder.path()).unwrap(), key())
    }
}

impl Bed for Schema {
    fn open(&self) -> Opened {
        let heard = Heard::default();
        let journal = intendant_journal::open(self.options(), heard.observer()).unwrap();
        Opened { journal, heard }
    }

    fn another(&self) -> Box<dyn Bed> {
        Box::new(Schema::new())
    }
}

/// Runs statements of SQL and returns the first column of what the last one gave.
pub fn sql(url: &str, statements: &str) -> Vec<String> {
    let (url, statements) = (url.to_owned(), statements.to_owned());
    let run = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
            tokio::spawn(connection);
            let rows = client.simple_query(&statements).await.unwrap();
            rows.iter()
                .filter_map(|row| match row {
                    tokio_postgres::SimpleQueryMessage::Row(row) => {
                        Some(row.get(0).unwrap_or_default().to_owned())
                    }
                    _ => None,
                })
                .collect()
        })
    };
    // The caller is in a runtime of its own.
    std::thread::spawn(run).join().unwrap()
}
