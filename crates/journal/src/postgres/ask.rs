//! Statements that are sent one behind the other, without waiting for the answers between them.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::session::Session;

/// A value of a statement.
pub(super) type Value<'v> = Box<dyn ToSql + Sync + Send + 'v>;

/// A statement with its values.
pub(super) struct Ask<'v> {
    pub(super) sql: &'static str,
    pub(super) values: Vec<Value<'v>>,
}

impl<'v> Ask<'v> {
    pub(super) fn new(sql: &'static str, values: Vec<Value<'v>>) -> Self {
        Ask { sql, values }
    }

    /// One without values.
    pub(super) fn bare(sql: &'static str) -> Self {
        Ask::new(sql, Vec::new())
    }
}

/// A whole column of values.
pub(super) fn column<'v, T: ToSql + Sync + Send + 'v>(values: impl Iterator<Item = T>) -> Value<'v> {
    Box::new(values.collect::<Vec<T>>())
}

/// Sends all of them at once, in this order, and waits for all answers. Those behind one that failed have failed as well,
/// when they are of one transaction: the first failure is told.
pub(super) async fn ask_all(
    session: &Session,
    asks: &[Ask<'_>],
) -> Result<Vec<Vec<Row>>, tokio_postgres::Error> {
    let mut statements = Vec::with_capacity(asks.len());
    for ask in asks {
        // Known but for the first time: preparing one would change the order.
        statements.push(session.statement(ask.sql).await?);
    }
    let mut under_way: Vec<_> = asks
        .iter()
        .zip(&statements)
        .map(|(ask, statement)| {
            let answer = async move {
                let values: Vec<&(dyn ToSql + Sync)> =
                    ask.values.iter().map(|value| &**value as &(dyn ToSql + Sync)).collect();
                session.client().query(statement, &values).await
            };
            (Box::pin(answer) as Pin<Box<dyn Future<Output = _> + Send + '_>>, None)
        })
        .collect();
    // They are sent in the order in which they are first polled.
    poll_fn(|cx| {
        let mut waits = false;
        for (answer, answered) in &mut under_way {
            if answered.is_none() {
                match answer.as_mut().poll(cx) {
                    Poll::Ready(rows) => *answered = Some(rows),
                    Poll::Pending => waits = true,
                }
            }
        }
        if waits { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
    under_way.into_iter().filter_map(|(_, answered)| answered).collect()
}
