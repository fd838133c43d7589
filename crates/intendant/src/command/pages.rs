//! Listings whose pages may be short: where a long look found too little the hub says where to go on, and it is gone on until
//! as many as are wanted are found, or all were looked at.

use anyhow::Result;
use api::dto::{DeliveryPage, JobPage, RecordPage};

use super::follow::busy_line;
use crate::context::Context;

/// A page of a listing.
pub(super) trait Listed {
    /// Behind which the next page begins; `None` = this is the last one.
    fn next(&self) -> Option<i64>;
    /// How many stand on it, with those that cannot be read.
    fn found(&self) -> usize;
    /// How many were looked at in all, where that is known.
    fn looked_at(&self) -> Option<u64>;
    /// Takes the next page in.
    fn go_on_with(&mut self, more: Self);
}

/// So many, or all there are, from one page behind a number to the next.
pub(super) async fn whole<P: Listed>(
    limit: u32,
    before: Option<i64>,
    context: &Context,
    page: impl AsyncFn(Option<i64>, u32) -> Result<P, api::Error>,
) -> Result<P> {
    let busy = busy_line(&context.screen, true);
    let mut found = page(before, limit).await;
    while let Ok(so_far) = &mut found {
        let left = limit.saturating_sub(u32::try_from(so_far.found()).unwrap_or(limit));
        let (Some(next), 1..) = (so_far.next(), left) else { break };
        if let Some(looked_at) = so_far.looked_at() {
            busy.set_message(context.screen.say(&format!("{looked_at} jobs looked at")));
        }
        match page(Some(next), left).await {
            Ok(more) => so_far.go_on_with(more),
            Err(error) => found = Err(error),
        }
    }
    busy.finish_and_clear();
    Ok(found?)
}

impl Listed for JobPage {
    fn next(&self) -> Option<i64> {
        self.next.map(|next| next.0)
    }

    fn found(&self) -> usize {
        self.jobs.len() + self.damaged.len()
    }

    fn looked_at(&self) -> Option<u64> {
        self.looked_at
    }

    fn go_on_with(&mut self, more: Self) {
        self.jobs.extend(more.jobs);
        self.damaged.extend(more.damaged);
        (self.next, self.looked_at) = (more.next, more.looked_at);
    }
}

impl Listed for RecordPage {
    fn next(&self) -> Option<i64> {
        self.next
    }

    fn found(&self) -> usize {
        self.records.len() + self.damaged.len()
    }

    fn looked_at(&self) -> Option<u64> {
        None
    }

    fn go_on_with(&mut self, more: Self) {
        self.records.extend(more.records);
        self.damaged.extend(more.damaged);
        self.next = more.next;
    }
}

impl Listed for DeliveryPage {
    fn next(&self) -> Option<i64> {
        self.next
    }

    fn found(&self) -> usize {
        self.deliveries.len() + self.damaged.len()
    }

    fn looked_at(&self) -> Option<u64> {
        None
    }

    fn go_on_with(&mut self, more: Self) {
        self.deliveries.extend(more.deliveries);
        self.damaged.extend(more.damaged);
        self.next = more.next;
    }
}
