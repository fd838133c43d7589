//! What the hub sees of this module.

mod command;
mod config;
mod examine;
mod running;
mod settings;
mod typed;

use std::sync::Arc;

use anyhow::Result;
use engine::port::{BackendEntry, Mapping};
use model::OnError;
use module::config::SectionKind;
use module::{About, Command, Declaration, Module, Offer, Told, native};

use crate::live::Place;
use crate::notify::Herald;
use crate::{BACKEND, NOTIFICATION, SOURCE, socket};
use config::Registry as Section;
use running::Open;
use typed::Registry as Typed;

/// Users registered by processes of OpenChange.
#[derive(Debug, Default)]
pub struct Mapistore {
    /// The registry of the hub, once it has started: its backend is made before.
    place: Arc<Place>,
}

impl Module for Mapistore {
    fn launch(&self) {
        socket::inherit();
    }

    fn about(&self) -> About {
        let work = "See whom processes of OpenChange have registered on their backends, and notify them";
        About {
            sections: vec![SectionKind::of::<Section>(config::COLD)],
            actions: crate::actions(),
            openapi: Some(crate::api::document()),
            pages: crate::pages::routes().table(),
            commands: vec![Command::new("registry", work, |typed: Typed, desk| {
                Box::pin(command::run(typed, desk))
            })],
            sources: vec![SOURCE],
            french: include_str!("../../texts/fr.po"),
            ..About::default()
        }
    }

    fn offer(&self, told: &Told) -> Result<Offer> {
        if settings::configured(&told.sections.get())?.is_none() {
            return Ok(Offer::default());
        }
        let mapping = Mapping { on_error: OnError::Stop, retry: None, limit: None };
        let herald = native(Herald(Arc::clone(&self.place)));
        let entry = BackendEntry::new(BACKEND, herald, [(NOTIFICATION.to_owned(), mapping)]);
        Ok(Offer { backends: vec![entry], ..Offer::default() })
    }

    fn declare(&self, told: &Told, say: &mut Declaration) -> Result<()> {
        let configured = settings::configured(&told.sections.get())?;
        if let Some(settings) = &configured {
            say.introduces.push((SOURCE.to_owned(), running::introduction(settings)));
            say.if_lost.push(
                "registrations that came on queues go with the journal; connected processes say theirs again"
                    .to_owned(),
            );
            let settings = settings.clone();
            say.checks.push(Box::pin(async move { examine::findings(&settings).await }));
        }
        let place = Arc::clone(&self.place);
        say.on_start(move |ground, _| Ok(Open::new(configured, ground.clock, &place)));
        Ok(())
    }
}
