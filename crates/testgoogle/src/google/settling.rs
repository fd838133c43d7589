//! What accounts show for a while after a write, because Google's machines do not agree at once.

/// For how many calls each thing lasts. Nothing does unless the test says so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settling {
    /// Reads of a new account by its id answer 404; by its address they find it.
    pub invisible_by_id: usize,
    /// Writes to a new account answer 412 `conditionNotMet`.
    pub incomplete: usize,
    /// Writes to a new account answer 403 `forbidden`.
    pub forbidden: usize,
    /// After a change of the primary address, writes answer 409 `duplicate`.
    pub duplicate_after_rename: usize,
    /// An address that an account has just given up is still taken: 409 `duplicate`.
    pub freed_is_held: usize,
    /// Reads after a write tell what was so before.
    pub stale_reads: usize,
}

impl Settling {
    /// What a new account begins with.
    pub(super) fn of_a_new_one(self) -> Settling {
        Settling { duplicate_after_rename: 0, ..self }
    }
}

/// Counts one of so many; whether there was one.
pub(super) fn count(left: &mut usize) -> bool {
    let was = *left > 0;
    *left = left.saturating_sub(1);
    was
}
