//! How far a page of a listing looks: a bounded number of jobs, however many there are.

use std::cmp::{max, min};

use jiff::{SignedDuration, Timestamp};
use model::Seq;
use rusqlite::{Connection, OptionalExtension};

use super::code::Time;
use super::list::{Asked, Road};
use super::number;
use super::row;
use crate::api::Order;
use crate::error::Error;
use crate::way::{BLUR, LOOKED_AT, Length};

/// The part of the journal that a page looks at, both ends excluded, and whether there is more behind it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch {
    pub(super) low: i64,
    pub(super) high: i64,
    pub(super) next: Option<i64>,
}

/// Where a page begins and how far it looks, on all its roads alike.
pub(super) fn stretch(
    conn: &Connection,
    asked: &Asked<'_>,
    after: Option<Seq>,
    order: Order,
) -> Result<Stretch, Error> {
    let filter = asked.filter;
    let blurred = |time: Timestamp, by: SignedDuration| time.checked_add(by).unwrap_or(time);
    let mut low = match filter.since {
        Some(since) => place_of(conn, blurred(since, -BLUR))? - 1,
        None => 0,
    };
    // What has ended was accepted before.
    let until = filter.until.into_iter().chain(filter.ended_until).min();
    let mut high = match until {
        Some(until) => place_of(conn, blurred(until, BLUR))?,
        None => i64::MAX,
    };
    match (order, after) {
        (_, None) => {}
        (Order::Newest, Some(Seq(after))) => high = min(high, after),
        (Order::Oldest, Some(Seq(after))) => low = max(low, after),
    }
    let mut next = None;
    for road in &asked.roads {
        let stretch = Stretch { low, high, next };
        match order {
            Order::Newest => {
                if let Some(last) = look_ahead(conn, asked, road, stretch, order)? {
                    (low, next) = (last.saturating_sub(1), Some(last));
                }
            }
            Order::Oldest => {
                if let Some(last) = look_ahead(conn, asked, road, stretch, order)? {
                    (high, next) = (last.saturating_add(1), Some(last));
                }
            }
        }
    }
    Ok(Stretch { low, high, next })
}

/// The last job on a road that one page looks at; `None` = it looks at all of them.
fn look_ahead(
    conn: &Connection,
    asked: &Asked<'_>,
    road: &Road,
    stretch: Stretch,
    order: Order,
) -> Result<Option<i64>, Error> {
    let Road { index, along, way } = road;
    let length = way.length();
    let (direction, far) = match order {
        Order::Newest => ("DESC", 1 - LOOKED_AT),
        Order::Oldest => ("ASC", LOOKED_AT - 1),
    };
    let offset = match length {
        Length::Whole => return Ok(None),
        Length::Entries => LOOKED_AT - 1,
        Length::Numbers => 0,
    };
    let sql = format!(
        "SELECT seq FROM job {index} WHERE {along} AND seq > :low AND seq < :high
         ORDER BY seq {direction} LIMIT 1 OFFSET {offset}"
    );
    let found: Option<i64> = asked.run(conn, &sql, stretch, 1, |row| Ok(row.get(0)?))?.pop();
    let Some(first) = found.filter(|_| length == Length::Numbers) else { return Ok(found) };
    let last = first.saturating_add(far);
    let (low, high) = match order {
        Order::Newest => (stretch.low, last),
        Order::Oldest => (last, stretch.high),
    };
    let more: bool = conn
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM job WHERE seq > ?1 AND seq < ?2)")?
        .query_row([low, high], |row| row.get(0))?;
    Ok(more.then_some(last))
}

/// The number of the first job accepted at this time or later, as if they were numbered in the order of their times.
fn place_of(conn: &Connection, time: Timestamp) -> Result<i64, Error> {
    // Two questions: asked for both at once, SQLite would read everything.
    let mut ends = conn.prepare_cached(
        "SELECT coalesce((SELECT min(seq) FROM job WHERE seq >= 0), 0),
                coalesce((SELECT max(seq) FROM job WHERE seq < ?1), 0) + 1",
    )?;
    let (mut low, mut high): (i64, i64) =
        ends.query_row([number::JOBS], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut probe = conn.prepare_cached(&format!(
        "SELECT seq, accepted_at FROM job WHERE seq >= ?1 AND {} ORDER BY seq LIMIT 1",
        Time::is_sound("accepted_at")
    ))?;
    while low < high {
        let middle = low + (high - low) / 2;
        let found =
            probe.query_row([middle], |row| Ok((row.get::<_, i64>(0)?, row::time(row, 1)?))).optional()?;
        match found {
            Some((seq, accepted_at)) if seq < high && accepted_at < time => low = seq + 1,
            _ => high = middle,
        }
    }
    Ok(low)
}
