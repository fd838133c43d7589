//! The queues of a hub that runs.

use anyhow::Result;
use engine::door::Sources;
use engine::port::BoxFuture;
use engine::{Hub, Setup};
use module::{Ground, Running, Swap, Told};

use super::listed;
use crate::{BuiltIn, Settings, Source};

/// The queues of a hub.
pub(super) struct Queues {
    all: Sources<Source>,
    built_in: BuiltIn,
}

impl Queues {
    /// Gives the hub what it needs of them before it starts.
    pub(super) fn join(
        configured: Vec<Settings>,
        built_in: BuiltIn,
        ground: &Ground<'_>,
        setup: &mut Setup,
    ) -> Self {
        let source = |settings| {
            Source::new(settings, ground.journal, ground.life.clone(), ground.clock.clone(), built_in.clone())
        };
        let all = Sources::new(configured.into_iter().map(source));
        all.join(setup);
        Queues { all, built_in }
    }
}

impl Running for Queues {
    fn start(&self, hub: &Hub) {
        self.all.start(hub);
    }

    /// What is told of the backends from now on.
    fn reload(&self, told: &Told) -> Result<Swap<'_>> {
        let backends = listed(told);
        Ok(Box::new(move || self.built_in.set_backends(backends)))
    }

    fn quiesce(&self) {
        self.all.quiesce();
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.all.close())
    }
}
