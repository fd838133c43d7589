//! What one hub was told, the next one knows.

use std::process::Command;

use api::client::Submission;
use serde_json::json;

use crate::bed::Bed;
use crate::hub::ACTION;

const QUICK: &[(&str, &str, &str)] = &[("10work", "", "")];
const DOCUMENT: &str = r#"{"action": "IDENTITY_UPDATE", "concernedTo": "s1", "payload": {}}"#;

/// The one at work goes with its machine, and comes back when another one has taken over. Which one that is.
async fn hand_over(bed: &mut Bed) -> usize {
    let before = bed.settle().await;
    bed.nodes[before].lose();
    bed.wait_for_one().await;
    bed.nodes[before].spawn();
    let after = bed.settle().await;
    assert_ne!(after, before);
    after
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_comes_again_is_the_same_job_at_every_hub() {
    let mut bed = Bed::with(2, QUICK, "").await;
    let document = json!({"concernedTo": "s1", "payload": {}}).to_string();
    let submission =
        Submission { action: Some(ACTION.to_owned()), id: Some("the-one".to_owned()), wait: Some(60) };
    let mut known = None;
    let mut place = bed.settle().await;
    for _ in 0..3 {
        let told = bed.nodes[place].client.submit(document.clone(), &submission).await.unwrap();
        let job = told.job.expect("a job");
        assert_eq!(*known.get_or_insert(job), job);
        place = hand_over(&mut bed).await;
    }
    assert_eq!(bed.lines(), 2, "it ran once: a begin and an end");
}

/// The status that `curl` got for a request in the name of a token.
pub(crate) fn status(url: &str, token: &str) -> String {
    let bearer = format!("Authorization: Bearer {token}");
    let jobs = format!("{url}/api/v1/jobs");
    let curl = ["-s", "-o", "/dev/null", "-w", "%{http_code}", "--max-time", "60"];
    let mut command = Command::new("curl");
    command.args(curl).args(["-H", &bearer, "-H", "Content-Type: application/json", "-d", DOCUMENT, &jobs]);
    String::from_utf8(command.output().unwrap().stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_was_revoked_stays_revoked_and_the_others_stay_good() {
    let mut bed = Bed::with(2, QUICK, "").await;
    let mut place = bed.settle().await;
    let make = |bed: &Bed, name| {
        bed.nodes[place].command(&["token", "make", name, "--scope", "submit"]).trim().to_owned()
    };
    let (revoked, good) = (make(&bed, "revoked"), make(&bed, "good"));
    let asked =
        |bed: &Bed, place: usize| [&revoked, &good].map(|token| status(&bed.nodes[place].url(), token));
    assert_eq!(asked(&bed, place), ["201", "201"]);
    assert_eq!(asked(&bed, 1 - place), ["503", "503"], "one that stands by takes nothing");
    bed.nodes[place].command(&["token", "revoke", "revoked"]);
    for _ in 0..2 {
        place = hand_over(&mut bed).await;
        assert_eq!(asked(&bed, place), ["401", "201"]);
    }
}
