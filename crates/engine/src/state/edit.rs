//! What becomes of an entity that was read.

use model::effect::EntityContent;

/// What becomes of an entity that was read.
#[derive(Clone, Debug, PartialEq)]
pub enum Edit {
    /// It stays as it is, and nothing is written.
    Keep,
    /// It says this from now on.
    Put(EntityContent),
    /// It goes.
    Remove,
}
