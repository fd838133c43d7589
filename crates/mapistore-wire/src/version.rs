/// The lowest version of the conversation that is understood here.
pub const LOWEST: u16 = 1;
/// The highest one.
pub const HIGHEST: u16 = 1;

/// The highest version that we and a peer know, who knows those from `lowest` to `highest`.
pub fn agreed(lowest: u16, highest: u16) -> Option<u16> {
    let version = highest.min(HIGHEST);
    (lowest.max(LOWEST) <= version).then_some(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_that_both_know_is_spoken() {
        assert_eq!(agreed(1, 1), Some(1));
        assert_eq!(agreed(0, 9), Some(HIGHEST));
        assert_eq!(agreed(HIGHEST + 1, HIGHEST + 5), None);
        assert_eq!(agreed(0, LOWEST - 1), None);
        assert_eq!(agreed(3, 1), None);
    }
}
