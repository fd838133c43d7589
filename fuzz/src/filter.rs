//! Filters of jobs in query strings.

use api::dto::Filter;

/// A filter that is understood selects the same when it is written out again: one misread would act on other jobs.
pub(crate) fn run(bytes: &[u8]) {
    let Ok(query) = std::str::from_utf8(bytes) else { return };
    if let Ok(filter) = Filter::from_query(query) {
        let again = Filter::from_query(&filter.to_query());
        assert_eq!(again.as_ref().ok(), Some(&filter), "{query:?} written out means something else");
    }
}
