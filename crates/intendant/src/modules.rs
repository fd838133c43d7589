//! The modules of this program: the one list.

use module::Module;

/// All of them, in the order in which their sections, routes and pages stand. Traces join last, since they follow whatever
/// the others send.
pub fn all() -> Vec<Box<dyn Module>> {
    vec![
        Box::new(scripts::Scripts),
        Box::new(identities::Identities),
        Box::new(sesame::Sesame),
        Box::new(bus::Bus),
        Box::new(hosting::Hosting),
        Box::<google::Google>::default(),
        Box::<mapistore::Mapistore>::default(),
        Box::new(notify::Notify),
    ]
}
