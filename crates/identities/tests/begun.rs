//! Who did it is on disk with what was done, also when whoever asked goes away in the middle.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use std::sync::Arc;

use intendant_identities::register::{Filter, Selection};
use intendant_identities::state::{Deed, State};
use journal::RecordFilter;
use model::RecordKind;
use support::{Bed, actor};

/// Asks, and goes away when the first of it is on disk and nobody has been told of it.
async fn ask_and_go<T: Send + 'static>(bed: &Bed, asked: impl Future<Output = T> + Send + 'static) {
    bed.gate.close();
    let asked = tokio::spawn(asked);
    bed.gate.met();
    asked.abort();
    assert!(asked.await.is_err(), "it was answered before it was told");
    bed.gate.open();
}

/// What the audit says was done under this code.
async fn audited(bed: &Bed, code: &str) -> Vec<String> {
    let filter = RecordFilter { code: Some(code.to_owned()), ..RecordFilter::of(RecordKind::Audit) };
    let found = bed.hub.journal().records(filter, None, 9).await.unwrap().rows;
    found.into_iter().map(|record| record.message).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_that_is_set() {
    let bed = Bed::new().await;
    bed.ready(&["ann"]).await;
    bed.register
        .carry_out(Selection::Ids(vec!["ann".to_owned()]), Deed::Synchronise, &actor())
        .await
        .unwrap();
    bed.at_rest().await;
    let register = bed.register.clone();
    ask_and_go(&bed, async move { register.password("ann", "a new one", None, &actor()).await }).await;
    let said = audited(&bed, Deed::PasswordReset.as_str()).await;
    assert!(matches!(said.as_slice(), [one] if one.contains("job ")), "{said:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_that_are_moved() {
    let bed = Bed::new().await;
    bed.ready(&["ann", "bob", "cat"]).await;
    let before = audited(&bed, State::ToValidate.as_str()).await.len();
    let register = bed.register.clone();
    let all = Selection::Filter(Filter::default());
    ask_and_go(&bed, async move { register.move_to(all, State::ToValidate, &actor()).await }).await;
    let said = audited(&bed, State::ToValidate.as_str()).await;
    assert_eq!(said.len(), before + 1, "{said:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_is_moved_is_named() {
    let bed = Bed::new().await;
    bed.ready(&["ann"]).await;
    let one = Selection::Ids(vec!["ann".to_owned()]);
    bed.register.move_to(one, State::ToValidate, &actor()).await.unwrap();
    let said = audited(&bed, State::ToValidate.as_str()).await;
    assert_eq!(said.len(), 1, "one entry for one deed: {said:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_imported() {
    let bed = Arc::new(Bed::new().await);
    bed.ready(&["zoe"]).await;
    let importing = Arc::clone(&bed);
    let file = "uid,cn\nann,Ann\nbob,Bob\n";
    ask_and_go(&bed, async move { importing.import("", "people.csv", file, "").await }).await;
    let said = audited(&bed, "imported").await;
    assert_eq!(said.len(), 1, "{said:?}");
}
