//! What modules want done at times.

use std::sync::Arc;

use model::{EntityKey, Times};

use crate::desk::hub::Hub;
use crate::port::BoxFuture;
use crate::work::chore::{Trouble, keep};

/// Something that is done at times.
#[derive(Clone)]
pub struct Chore {
    /// What it is, in words; no other one has its name.
    pub name: &'static str,
    /// The entity that keeps when it was done last: a time that passed while the hub was away is made up for, once, and it is
    /// done by one of those who share a journal. `None` = it only looks at how things stand, and owes nothing.
    pub kept: Option<EntityKey>,
    /// When.
    pub times: Times,
    /// Does it. What a lost hub had begun is done again.
    pub act: Arc<dyn Fn(Hub) -> BoxFuture<'static, Result<(), Trouble>> + Send + Sync>,
}

impl Chore {
    /// Works until it is dropped, or the hub stops.
    pub async fn run(self, hub: Hub) {
        let Chore { name, kept, times, act } = self;
        let core = Arc::clone(&hub.core);
        keep(core, name, kept, times, move || act(hub.clone())).await;
    }
}
