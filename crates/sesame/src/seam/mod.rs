//! What the hub sees of this module.

mod config;
mod examine;
mod role;
mod running;
mod settings;

use anyhow::Result;
use module::config::{Named, SectionKind};
use module::exit::misuse;
use module::{About, Declaration, Module, SourceName, Told};
use serde_json::{Value, json};

use crate::{BuiltIn, Settings, twins};
use running::Queues;

pub use config::SesameSource;

/// Queues of Sesame's orchestrator.
#[derive(Clone, Copy, Debug)]
pub struct Sesame;

impl Module for Sesame {
    fn about(&self) -> About {
        About {
            sections: vec![SectionKind::of::<Named<SesameSource>>(config::COLD)],
            roles: vec![role::ROLE],
            french: include_str!("../../texts/fr.po"),
            ..About::default()
        }
    }

    fn declare(&self, told: &Told, say: &mut Declaration) -> Result<()> {
        let section: Named<SesameSource> = told.sections.get();
        let configured = settings::configured(&section, &told.environment)?;
        for source in &configured {
            let Settings { name, queue, address, .. } = source;
            say.sources.push(SourceName { section: "sesame", name: name.clone() });
            let place = format!("source {name}: queue {queue} on Redis at {address}");
            say.introduces.push((name.clone(), place));
            say.if_lost.push(format!(
                "{name}: Redis holds each job until it is answered there; those of a lost hub come back once their locks have \
                 run out, and run again"
            ));
            let source = source.clone();
            say.checks.push(Box::pin(async move { vec![examine::queue(&source).await] }));
        }
        let sizes = section.0.iter().filter_map(|(name, source)| Some((name.clone(), source.max_size?.0)));
        say.max_sizes.extend(sizes);
        let all = configured.clone();
        say.verify.push(Box::pin(async move { refuse_twins(&all).await }));
        let built_in = built_in(told);
        say.on_start(move |ground, setup| Ok(Queues::join(configured, built_in, ground, setup)));
        Ok(())
    }
}

/// Refuses two sources that are one queue: each job would run twice.
async fn refuse_twins(configured: &[Settings]) -> Result<()> {
    match twins(configured).await {
        Some(twins) => Err(misuse(twins)),
        None => Ok(()),
    }
}

/// What the orchestrator's own questions are answered with.
fn built_in(told: &Told) -> BuiltIn {
    let built_in = BuiltIn::new(json!({
        "name": "intendant",
        "version": told.program.version,
        "description": told.program.description,
        "license": told.program.license,
    }));
    built_in.set_backends(listed(told));
    built_in
}

fn listed(told: &Told) -> Vec<Value> {
    told.backends.clone()
}
