//! What concerns all modules: everything here walks the list.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use engine::port::Standing;
use engine::{Clock, Hub};
use http::dependency::Watch;
use http::page::{PageRoute, Part};
use http::{KnownScopes, Phrases};
use model::{ActionSpec, Dependency};
use module::config::SectionKind;
use module::exit::misuse;
use module::{
    Around, Chore, Command, Declaration, Module, Offer, Role, Running, Served, SourceName, Swap, Told,
};
use serde_json::Value;
use tokio::task::JoinHandle;

/// The modules of a program. Cheap to clone.
#[derive(Clone)]
pub struct Modules(Arc<[Box<dyn Module>]>);

impl fmt::Debug for Modules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} modules", self.0.len())
    }
}

impl Modules {
    /// These.
    pub fn new(list: Vec<Box<dyn Module>>) -> Self {
        Modules(list.into())
    }

    fn about(&self) -> impl Iterator<Item = module::About> {
        self.0.iter().map(|module| module.about())
    }

    /// Their sections of the configuration.
    pub fn sections(&self) -> Vec<SectionKind> {
        self.about().flat_map(|about| about.sections).collect()
    }

    /// What they know of actions.
    pub fn actions(&self) -> Vec<(String, ActionSpec)> {
        self.about().flat_map(|about| about.actions).collect()
    }

    /// What the process does once, before anything else.
    pub fn launch(&self) {
        self.0.iter().for_each(|module| module.launch());
    }

    /// What the process does once, when all else has ended.
    pub fn leave(&self) {
        self.0.iter().for_each(|module| module.leave());
    }

    /// Older programs whose place the hub can take.
    pub fn roles(&self) -> Vec<Role> {
        self.about().flat_map(|about| about.roles).collect()
    }

    /// Their subcommands.
    pub fn commands(&self) -> Vec<Command> {
        self.about().flat_map(|about| about.commands).collect()
    }

    /// What becomes of the messages of the whole program in French. Asked for once, and kept as long as the program runs.
    pub fn french(&self) -> &'static Phrases {
        let files: Vec<&str> =
            crate::FRENCH.into_iter().chain(self.about().map(|about| about.french)).collect();
        Box::leak(Box::new(Phrases::new(&files)))
    }

    /// All that callers may be allowed to do.
    pub fn scopes(&self) -> KnownScopes {
        KnownScopes::with(self.about().flat_map(|about| about.scopes))
    }

    /// The routes of their pages.
    pub fn pages(&self) -> Vec<PageRoute> {
        self.about().flat_map(|about| about.pages).collect()
    }

    /// The OpenAPI document of the whole program, as the text of a file.
    pub fn openapi(&self) -> String {
        let described = self.about().filter_map(|about| about.openapi).collect();
        api::document_text(&api::document(described, &self.scopes()))
    }

    /// What jobs run on.
    pub fn offer(&self, told: &Told) -> Result<Offer> {
        self.0.iter().try_fold(Offer::default(), |all, module| Ok(all.and(module.offer(told)?)))
    }

    /// How backends are configured that lie in folders.
    pub fn documents(&self, told: &Told) -> Vec<Value> {
        self.0.iter().flat_map(|module| module.documents(told)).collect()
    }

    /// What the configuration makes of all of them. After an error, `said` has what was said before it.
    pub fn declare(&self, told: &Told, said: &mut Declaration) -> Result<()> {
        self.0.iter().try_for_each(|module| module.declare(told, said))?;
        let own = self.about().flat_map(|about| about.sources);
        check_names(
            &said.sources,
            &[api::SOURCE, crate::compose::RUN].into_iter().chain(own).collect::<Vec<_>>(),
        )
    }
}

/// Sources of every kind share their names: each is the source of its jobs.
fn check_names(sources: &[SourceName], taken: &[&str]) -> Result<()> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    for (place, SourceName { section, name }) in sources.iter().enumerate() {
        if name.is_empty() || !name.chars().all(plain) || taken.contains(&name.as_str()) {
            return Err(misuse(format!(
                "{section}.{name}: a source is named by letters, digits, - and _, and not {}",
                taken.join(" or ")
            )));
        }
        if let Some(other) = sources.iter().take(place).find(|other| other.name == *name) {
            let other = other.section;
            return Err(misuse(format!(
                "{section}.{name}: a source of {other} has this name too: choose another"
            )));
        }
    }
    Ok(())
}

/// The modules of a hub that runs.
pub struct Assembly {
    parts: Vec<Box<dyn Running>>,
    chores: Vec<Chore>,
    at_work: Mutex<Vec<JoinHandle<()>>>,
    clock: Clock,
    /// Looks at what routes and backends depend on, while the hub serves.
    dependencies: Mutex<Option<Watch>>,
}

impl Assembly {
    pub(crate) fn new(parts: Vec<Box<dyn Running>>, chores: Vec<Chore>, clock: &Clock) -> Self {
        let (at_work, dependencies) = (Mutex::default(), Mutex::default());
        Assembly { parts, chores, at_work, clock: clock.clone(), dependencies }
    }

    /// Begins to work.
    pub(crate) fn start(&self, hub: &Hub) {
        self.parts.iter().for_each(|part| part.start(hub));
        let begin = |chore: &Chore| tokio::spawn(chore.clone().run(hub.clone()));
        let begun = self.chores.iter().map(begin);
        self.at_work.lock().unwrap_or_else(PoisonError::into_inner).extend(begun);
    }

    /// What they bring to the pages.
    pub fn pages(&self) -> Vec<Part> {
        self.parts.iter().filter_map(|part| part.pages()).collect()
    }

    /// What they answer.
    pub fn serve(&self, around: &Around<'_>) -> Vec<Served> {
        self.parts.iter().map(|part| part.serve(around)).collect()
    }

    /// Reads everything anew. Nothing holds before all answers have been swapped.
    pub fn reload(&self, told: &Told) -> Result<Vec<Swap<'_>>> {
        self.parts.iter().map(|part| part.reload(told)).collect()
    }

    /// Looks from time to time at what routes and backends depend on, as they are now.
    pub fn watch_dependencies(&self, hub: &Hub) {
        let active = hub.backends().into_iter().filter(|backend| backend.standing == Standing::Active);
        let mut declared: Vec<Dependency> = active.flat_map(|backend| backend.depends_on).collect();
        declared.extend(self.parts.iter().flat_map(|part| part.depends_on()));
        let mut watch = self.dependencies.lock().unwrap_or_else(PoisonError::into_inner);
        match &*watch {
            Some(watch) => watch.set(declared),
            None => *watch = Some(Watch::start(hub.clone(), self.clock.clone(), declared)),
        }
    }

    /// Takes no more work. What was taken is still answered.
    pub fn quiesce(&self) {
        self.at_work.lock().unwrap_or_else(PoisonError::into_inner).drain(..).for_each(|chore| chore.abort());
        self.parts.iter().for_each(|part| part.quiesce());
    }

    /// Ends them, once the hub has stopped.
    pub async fn close(&self) {
        self.dependencies.lock().unwrap_or_else(PoisonError::into_inner).take();
        for part in &self.parts {
            part.close().await;
        }
    }
}
