//! Finds places by hash. A table of the standard library could neither be told to fail when there is no memory, nor
//! would valgrind follow its pointers, which lead into the middle of what they keep alive.

/// Open addressing, at most half full: a place's number and 1 stands where its hash says, or in the next free field.
#[derive(Default)]
pub(crate) struct Index {
    /// A power of two of fields, or none; 0 in a free one.
    fields: Vec<usize>,
    taken: usize,
}

/// There is no memory.
#[derive(Debug)]
pub(crate) struct NoMemory;

impl Index {
    /// How many places can be found.
    pub(crate) fn len(&self) -> usize {
        self.taken
    }

    /// The fields in which a place with this hash may be, in their order.
    fn way(&self, hash: u64) -> impl Iterator<Item = usize> + use<> {
        let length = self.fields.len();
        // What is cut off does not matter.
        #[allow(clippy::cast_possible_truncation)]
        let begin = hash as usize;
        (0..length).map(move |step| begin.wrapping_add(step) & (length - 1))
    }

    fn field(&self, at: usize) -> usize {
        self.fields.get(at).copied().unwrap_or_default()
    }

    /// The place with this hash that is the right one.
    pub(crate) fn find(&self, hash: u64, is_right: impl Fn(usize) -> bool) -> Option<usize> {
        let found = self.way(hash).map(|at| self.field(at)).take_while(|field| *field > 0);
        found.map(|field| field - 1).find(|place| is_right(*place))
    }

    /// Makes room for one more.
    pub(crate) fn reserve(&mut self, hash_of: impl Fn(usize) -> u64) -> Result<(), NoMemory> {
        if 2 * (self.taken + 1) <= self.fields.len() {
            return Ok(());
        }
        let length = (2 * self.fields.len()).max(16);
        let mut larger = Self::default();
        larger.fields.try_reserve_exact(length).map_err(|_| NoMemory)?;
        larger.fields.resize(length, 0);
        for field in self.fields.iter().filter(|field| **field > 0) {
            larger.insert(hash_of(*field - 1), *field - 1);
        }
        *self = larger;
        Ok(())
    }

    /// Adds a place, for which there is room.
    pub(crate) fn insert(&mut self, hash: u64, place: usize) {
        let free = self.way(hash).find(|at| self.field(*at) == 0);
        if let Some(field) = free.and_then(|at| self.fields.get_mut(at)) {
            *field = place + 1;
            self.taken += 1;
        }
    }

    /// Takes a place out. What stands behind it moves up where it may, so that there is no gap on anybody's way.
    pub(crate) fn remove(&mut self, hash: u64, place: usize, hash_of: impl Fn(usize) -> u64) {
        let mut way = self.way(hash);
        let Some(mut gap) = way.find(|at| self.field(*at) == place + 1) else { return };
        let mask = self.fields.len() - 1;
        for at in way {
            let Some(other) = self.field(at).checked_sub(1) else { break };
            let Some(wanted) = self.way(hash_of(other)).next() else { break };
            // It may stand in the gap unless it would then stand before the field that it begins to be looked for in.
            if (at.wrapping_sub(wanted) & mask) >= (at.wrapping_sub(gap) & mask) {
                self.set(gap, other + 1);
                gap = at;
            }
        }
        self.set(gap, 0);
        self.taken -= 1;
    }

    fn set(&mut self, at: usize, value: usize) {
        if let Some(field) = self.fields.get_mut(at) {
            *field = value;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bad hashes, so that many stand in each other's way.
    #[allow(clippy::cast_possible_truncation)]
    fn hash_of(place: usize) -> u64 {
        (place as u64 * 7) % 13
    }

    #[test]
    fn places_are_found_until_they_are_taken_out() {
        let mut index = Index::default();
        let mut there = std::collections::BTreeSet::new();
        for round in 0..5000_usize {
            let place = round * round % 97;
            if there.insert(place) {
                index.reserve(hash_of).unwrap();
                index.insert(hash_of(place), place);
            } else {
                there.remove(&place);
                index.remove(hash_of(place), place, hash_of);
            }
            assert_eq!(index.len(), there.len());
            for place in 0..97 {
                let found = index.find(hash_of(place), |other| other == place);
                assert_eq!(found.is_some(), there.contains(&place), "{place} in round {round}");
            }
        }
        assert!(index.fields.len() <= 256);
    }
}
