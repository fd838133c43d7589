//! Named points at which a test lets the process die, to prove what is durable when.
//!
//! They exist only with the feature `crash-points`; without it [`crash_point`] is empty and costs nothing.

/// Ends the process at once (`abort`, as a power cut would) when `INTENDANT_CRASH_AT` is `name:n` and this is the
/// n-th time that the point of that name is reached, counted from 1.
#[cfg(feature = "crash-points")]
pub fn crash_point(name: &str) {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    static TARGET: OnceLock<Option<(String, u64)>> = OnceLock::new();
    static HITS: AtomicU64 = AtomicU64::new(0);

    let target = TARGET.get_or_init(|| {
        let text = std::env::var("INTENDANT_CRASH_AT").ok()?;
        let (name, count) = text.rsplit_once(':')?;
        Some((name.to_owned(), count.parse().ok()?))
    });
    if let Some((wanted, count)) = target
        && wanted == name
        && HITS.fetch_add(1, Ordering::Relaxed) + 1 == *count
    {
        std::process::abort();
    }
}

/// Does nothing: the feature `crash-points` is off.
#[cfg(not(feature = "crash-points"))]
#[inline(always)]
pub fn crash_point(_name: &str) {}
