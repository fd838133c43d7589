//! What schools are told of each state: the same words on their page and in their mails.

use http::page::{Lang, Texts};

use crate::state::State;

/// All messages of the module.
pub const TEXTS: [(Lang, &str); 6] = [
    (Lang::En, include_str!("../texts/upload.en.ftl")),
    (Lang::Fr, include_str!("../texts/upload.fr.ftl")),
    (Lang::En, include_str!("../texts/school.en.ftl")),
    (Lang::Fr, include_str!("../texts/school.fr.ftl")),
    (Lang::En, include_str!("../texts/office.en.ftl")),
    (Lang::Fr, include_str!("../texts/office.fr.ftl")),
];

/// What a school is told of a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateText {
    /// In a few words: a heading, or the subject of a mail.
    pub name: String,
    /// What it means.
    pub text: String,
    /// What the school can do now.
    pub next: String,
}

impl StateText {
    /// Of the state with this code, as a host says it. A code that nobody knows is shown as it is.
    pub fn of(texts: &Texts, lang: Lang, code: &str) -> Self {
        let word = word(code);
        let say = |end: &str| texts.say(lang, &format!("school-state-{word}{end}"), &[("code", code.into())]);
        StateText { name: say(""), text: say("-text"), next: say("-next") }
    }
}

/// A state's word as a part of a message's key, however its code is spelt; `unknown` for a code that nobody knows.
pub fn word(code: &str) -> String {
    State::of_code(code).map_or_else(|| "unknown".to_owned(), |state| state.code().to_lowercase())
}

#[cfg(test)]
mod tests {
    use http::page::{Kit, Part};

    use super::*;

    #[test]
    fn both_languages_say_the_same_things() {
        assert_eq!(Texts::faults(&TEXTS), Vec::<String>::new());
    }

    #[test]
    fn every_state_has_its_text_and_a_code_that_nobody_knows_is_shown() {
        let kit = Kit::new("0", &[Part { nav: &[], texts: &TEXTS, programs: &[] }]);
        let codes = State::ALL.iter().map(|state| state.code()).chain(["BCDIREDADY", "BCDINEW"]);
        for (code, lang) in codes.flat_map(|code| Lang::ALL.map(|lang| (code, lang))) {
            let StateText { name, text, next } = StateText::of(kit.texts(), lang, code);
            let more = ["hosting-state", "hosting-what"];
            let more = more
                .map(|key| kit.texts().say(lang, &format!("{key}-{}", word(code)), &[("code", code.into())]));
            for said in [&name, &text, &next].into_iter().chain(&more) {
                assert!(!said.is_empty() && !said.contains('⟦'), "{code} {lang:?}: {said}");
            }
            assert_eq!(name.contains(code), code == "BCDINEW", "{name}");
        }
        let ready = |code| StateText::of(kit.texts(), Lang::Fr, code);
        assert_eq!(ready("BCDIREDADY"), ready("BCDIREADY"));
    }
}
