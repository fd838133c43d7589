//! Sign-in links: each lets one person in, once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use futures_util::future::join_all;
use intendant_http::Caller;
use intendant_http::access::Origin;
use support::Bed;

fn origin() -> Origin {
    Origin { address: "127.0.0.1".parse().unwrap(), https: false }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_use_a_link_at_once_one_gets_in() {
    let bed = Bed::done().await;
    let path = bed.access.make_link(None, &Caller::of_socket(0)).await.unwrap();
    let secret = path.strip_prefix("/sign-in/").unwrap();
    let (here, names) = (origin(), ["alice", "bob", "carol", "dave"]);
    let tries = names.map(|name| bed.access.redeem(secret, name, "a long password".to_owned(), &here));
    let got_in = join_all(tries).await.into_iter().flatten().count();
    assert_eq!((got_in, bed.access.accounts().len()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_is_refused_costs_no_new_link() {
    let bed = Bed::done().await;
    let path = bed.access.make_link(None, &Caller::of_socket(0)).await.unwrap();
    let secret = path.strip_prefix("/sign-in/").unwrap();
    assert!(bed.access.redeem(secret, "alice", "short".to_owned(), &origin()).await.is_err());
    assert!(bed.access.redeem(secret, "alice", "a long password".to_owned(), &origin()).await.is_ok());
    assert!(bed.access.redeem(secret, "alice", "a long password".to_owned(), &origin()).await.is_err());
}
