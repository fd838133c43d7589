//! How far a page of a listing looks: a bounded number of jobs, however many there are.

use std::cmp::{max, min};

use jiff::{SignedDuration, Timestamp};
use model::Seq;

use super::job::is_sound;
use super::list::{Asked, Road, direction};
use super::query::Query;
use super::row::{self, get};
use super::session::Session;
use crate::api::Order;
use crate::error::Error;
use crate::way::{BLUR, LOOKED_AT, Length, Way};

/// The part of the journal that a page looks at, both ends excluded, and whether there is more behind it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch {
    pub(super) low: i64,
    pub(super) high: i64,
    pub(super) next: Option<i64>,
}

/// Where a page begins and how far it looks, on all its ways alike.
pub(super) async fn stretch(
    sql: &Session,
    asked: &Asked<'_>,
    after: Option<Seq>,
    order: Order,
) -> Result<Stretch, Error> {
    let filter = asked.filter;
    let blurred = |time: Timestamp, by: SignedDuration| time.checked_add(by).unwrap_or(time);
    let mut low = match filter.since {
        Some(since) => place_of(sql, blurred(since, -BLUR)).await? - 1,
        None => 0,
    };
    // What has ended was accepted before.
    let until = filter.until.into_iter().chain(filter.ended_until).min();
    let mut high = match until {
        Some(until) => place_of(sql, blurred(until, BLUR)).await?,
        None => i64::MAX,
    };
    match (order, after) {
        (_, None) => {}
        (Order::Newest, Some(Seq(after))) => high = min(high, after),
        (Order::Oldest, Some(Seq(after))) => low = max(low, after),
    }
    let mut next = None;
    for way in &asked.ways {
        let stretch = Stretch { low, high, next };
        if let Some(last) = look_ahead(sql, asked, *way, stretch, order).await? {
            next = Some(last);
            match order {
                Order::Newest => low = last.saturating_sub(1),
                Order::Oldest => high = last.saturating_add(1),
            }
        }
    }
    Ok(Stretch { low, high, next })
}

/// The last job on a way that one page looks at; `None` = it looks at all of them.
async fn look_ahead(
    sql: &Session,
    asked: &Asked<'_>,
    way: Way,
    stretch: Stretch,
    order: Order,
) -> Result<Option<i64>, Error> {
    let offset = match way.length() {
        Length::Whole => return Ok(None),
        Length::Entries => LOOKED_AT - 1,
        Length::Numbers => 0,
    };
    let mut query = Query::default();
    let Road { table, order: road } = asked.along(&mut query, way, &stretch);
    let (conditions, road) = (query.conditions(), road.replace(':', direction(order)));
    let select =
        format!("SELECT seq FROM {table} WHERE {conditions} ORDER BY {road} LIMIT 1 OFFSET {offset}");
    let found: Option<i64> = query.first(sql, &select).await?.map(|row| get(&row, 0)).transpose()?;
    let Some(first) = found.filter(|_| way.length() == Length::Numbers) else { return Ok(found) };
    let (last, low, high) = match order {
        Order::Newest => {
            let last = first.saturating_sub(LOOKED_AT - 1);
            (last, stretch.low, last)
        }
        Order::Oldest => {
            let last = first.saturating_add(LOOKED_AT - 1);
            (last, last, stretch.high)
        }
    };
    let more = "SELECT EXISTS (SELECT 1 FROM live WHERE seq > $1 AND seq < $2)
                OR EXISTS (SELECT 1 FROM done WHERE seq > $1 AND seq < $2)";
    let more: bool = get(&sql.one(more, &[&low, &high]).await?, 0)?;
    Ok(more.then_some(last))
}

/// The number of the first job accepted at this time or later, as if they were numbered in the order of their times.
async fn place_of(sql: &Session, time: Timestamp) -> Result<i64, Error> {
    let ends = "SELECT coalesce(least((SELECT min(seq) FROM live), (SELECT min(seq) FROM done)), 0),
                       coalesce(greatest((SELECT max(seq) FROM live), (SELECT max(seq) FROM done)), 0) + 1";
    let row = sql.one(ends, &[]).await?;
    let (mut low, mut high): (i64, i64) = (get(&row, 0)?, get(&row, 1)?);
    let probe = format!(
        "SELECT seq, accepted_at FROM job WHERE seq >= $1 AND {} ORDER BY seq LIMIT 1",
        is_sound("accepted_at")
    );
    while low < high {
        let middle = low + (high - low) / 2;
        let found = match sql.first(&probe, &[&middle]).await? {
            Some(row) => Some((get::<i64>(&row, 0)?, row::time(&row, 1)?)),
            None => None,
        };
        match found {
            Some((seq, accepted_at)) if seq < high && accepted_at < time => low = seq + 1,
            _ => high = middle,
        }
    }
    Ok(low)
}
