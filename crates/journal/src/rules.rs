//! What may happen to jobs and what follows from it: pure rules, the same for every engine that keeps the rows. Whoever
//! keeps them reads how things stand, asks here, and writes what the answer says.

pub(crate) mod dead;
pub(crate) mod fence;
pub(crate) mod order;
pub(crate) mod retention;
pub(crate) mod steps;

#[cfg(test)]
mod tests;
