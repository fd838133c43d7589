//! Uploads as clients meet them: over HTTP, with a lifecycle whose every answer the test decides.

#![allow(clippy::cast_possible_truncation, reason = "what is made here is short")]

mod attacks;
mod bed;
mod browser;
mod foreign;
mod forms;
mod full_disk;
mod keeping;
mod protocol;
mod sessions;

use super::refusal::Reason;
use bed::KIT;

#[test]
fn every_reason_has_its_sentence_in_every_language() {
    for reason in Reason::ALL {
        let key = format!("upload-refused-{}", reason.code().replace('_', "-"));
        for lang in http::page::Lang::ALL {
            assert!(KIT.texts().knows(lang, &key), "{key}");
        }
    }
}
