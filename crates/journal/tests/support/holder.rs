//! A session in the way of those who write.

use super::database::Schema;

/// Holds the pen of the one that leads, as a session does that stands still in the middle of a batch.
pub struct Holder(std::sync::mpsc::Sender<()>, std::thread::JoinHandle<()>);

impl Holder {
    pub fn of(schema: &Schema) -> Self {
        Holder::with(schema, "SELECT * FROM pen WHERE role = 1 FOR UPDATE")
    }

    /// Holds what this statement locks.
    pub fn with(schema: &Schema, statement: &str) -> Self {
        let (url, begin) = (schema.url().to_owned(), format!("BEGIN; {statement}"));
        let (tell, hear) = std::sync::mpsc::channel();
        let (ready, is_ready) = std::sync::mpsc::channel();
        let holding = std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
            let (client, connection) =
                runtime.block_on(tokio_postgres::connect(&url, tokio_postgres::NoTls)).unwrap();
            runtime.spawn(connection);
            runtime.block_on(client.batch_execute(&begin)).unwrap();
            ready.send(()).unwrap();
            let _ = hear.recv();
            let _ = runtime.block_on(client.batch_execute("ROLLBACK"));
        });
        is_ready.recv().unwrap();
        Holder(tell, holding)
    }

    /// It goes on, unless it has been ended meanwhile.
    pub fn release(self) {
        let _ = self.0.send(());
        self.1.join().unwrap();
    }
}
