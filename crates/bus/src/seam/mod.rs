//! What the hub sees of this module.

mod command;
mod config;
mod examine;
mod running;
mod settings;
mod typed;

use anyhow::Result;
use module::config::{Named, SectionKind};
use module::{About, Command, Declaration, Module, Needed, SourceName, Told};

use config::BusSource;
use running::Buses;
use typed::Bus as Typed;

/// Applications on a message bus.
#[derive(Clone, Copy, Debug)]
pub struct Bus;

impl Module for Bus {
    fn about(&self) -> About {
        let work = "Work on a message bus: declare, publish, tail, move dead letters back";
        About {
            sections: vec![SectionKind::of::<Named<BusSource>>(config::COLD)],
            openapi: Some(crate::api::document()),
            pages: crate::pages::routes().table(),
            commands: vec![Command::new("bus", work, |typed: Typed, desk| {
                Box::pin(command::run(typed, desk))
            })],
            french: include_str!("../../texts/fr.po"),
            ..About::default()
        }
    }

    fn declare(&self, told: &Told, say: &mut Declaration) -> Result<()> {
        let section: Named<BusSource> = told.sections.get();
        let configured = settings::of(told)?;
        for (settings, _) in &configured {
            let (name, queue, address) = (settings.name.clone(), settings.queue(), &settings.address);
            say.sources.push(SourceName { section: "bus", name: name.clone() });
            let place = format!("source {name}: queue {queue} on RabbitMQ at {address}");
            say.introduces.push((name.clone(), place));
            say.if_lost.push(format!(
                "{name}: RabbitMQ keeps each message until its job has ended and all that was to leave for it has left: none \
                 is lost, and one that was under way is done again"
            ));
            let settings = settings.clone();
            say.checks.push(Box::pin(async move { vec![examine::broker(&settings).await] }));
        }
        for (name, source) in &section.0 {
            for (key, route) in &source.routes.0 {
                let place = format!("bus.{name}.routes.{key}");
                let needed = route.depends_on.iter().cloned();
                say.depends_on.extend(needed.map(|dependency| Needed { dependency, place: place.clone() }));
            }
        }
        say.on_start(move |ground, setup| Ok(Buses::join(configured, ground.clock, setup)));
        Ok(())
    }
}
