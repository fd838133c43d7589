//! What a school is written when it has come to a step. Pure.

use std::sync::LazyLock;

use askama::Template;
use http::page::{Kit, Lang, Part};
use jiff::Timestamp;
use model::{DeliveryTo, NewDelivery};
use serde_json::json;

use super::followed::Followed;
use super::reported::Reported;
use crate::state::State;
use crate::values::Contact;

/// The courier that takes letters, whichever module has it.
const COURIER: &str = "mail";

/// What mails say.
pub const TEXTS: [(Lang, &str); 2] = [
    (Lang::En, include_str!("../../texts/mail.en.ftl")),
    (Lang::Fr, include_str!("../../texts/mail.fr.ftl")),
];

/// The same, as it is read once.
static KIT: LazyLock<Kit> =
    LazyLock::new(|| Kit::new("", &[Part { nav: &[], texts: &TEXTS, programs: &[] }]));

/// Where a mail leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Links {
    /// The page of the school.
    pub page: String,
    /// Until when that link is good.
    pub page_until: Timestamp,
    /// Where it says that it wants no more mails.
    pub stop: String,
}

#[derive(Template)]
#[template(path = "mail/step.html")]
struct Page<'p> {
    lang: &'static str,
    subject: &'p str,
    hello: String,
    paragraphs: &'p [String],
    open: String,
    hint: String,
    why: String,
    stop: String,
    links: &'p Links,
    urgent: bool,
}

/// The letter about the newest step of a school. No secret stands in it, and nothing that its host or its backends said.
pub(super) fn letter(school: &Followed, contact: &Contact, said: &Reported, links: &Links) -> NewDelivery {
    let lang = Lang::of_tag(&contact.language).unwrap_or(Lang::Fr);
    let key = key(school, said);
    let say = |name: &str, more: &[(&'static str, String)]| {
        let mut args = vec![
            ("school", school.name().to_owned().into()),
            ("rne", school.rne.to_string().into()),
            ("code", school.state.clone().into()),
        ];
        args.extend(more.iter().map(|(name, value)| (*name, value.clone().into())));
        KIT.texts().say(lang, name, &args)
    };
    let subject = say(&format!("mail-{key}-subject"), &[]);
    let paragraphs = vec![say(&format!("mail-{key}-text"), &[]), say(&format!("mail-{key}-next"), &[])];
    let until = day(links.page_until, lang);
    let page = Page {
        lang: lang.tag(),
        subject: &subject,
        hello: say("mail-hello", &[]),
        paragraphs: &paragraphs,
        open: say("mail-open", &[]),
        hint: say("mail-hint", &[("until", until)]),
        why: say("mail-why", &[]),
        stop: say("mail-stop", &[]),
        links,
        urgent: matches!(school.known_state(), Some(State::DbWait | State::UploadedError)),
    };
    let text = format!(
        "{}\n\n{}\n\n{}\n{}\n\n{}\n\n-- \n{}\n{}\n{}\n",
        page.hello,
        paragraphs.join("\n\n"),
        page.open,
        links.page,
        page.hint,
        page.why,
        page.stop,
        links.stop
    );
    let body = json!({
        "to": contact.mail,
        "subject": subject,
        "text": text,
        // A template that is compiled in, filled with texts: there is nothing that could fail.
        "html": page.render().ok(),
        "language": lang.tag(),
        "unsubscribe": links.stop,
        // Whoever has them is let in: what shows deliveries hides these wherever they stand.
        "secret": [token(&links.page), token(&links.stop)],
    });
    let to = DeliveryTo { courier: COURIER.to_owned(), address: school.rne.to_string() };
    NewDelivery { to, body, due_at: None }
}

/// What makes a link good.
fn token(link: &str) -> &str {
    link.rsplit('/').next().unwrap_or_default()
}

/// Which texts tell of the newest step.
fn key(school: &Followed, said: &Reported) -> &'static str {
    let before = school.kept.steps.iter().rev().nth(1).and_then(|step| State::of_code(&step.state));
    match (school.known_state(), before) {
        (Some(State::Ready), Some(State::Alter)) if said.alter_failed() => "alter-failed",
        (Some(State::Ready), Some(State::Alter)) => "altered",
        (Some(state), _) => state.code(),
        (None, _) => "other",
    }
}

/// A day, as the language writes it.
fn day(at: Timestamp, lang: Lang) -> String {
    let pattern = match lang {
        Lang::En => "%-d %B %Y",
        Lang::Fr => "%d/%m/%Y",
    };
    at.strftime(pattern).to_string()
}

#[cfg(test)]
mod tests {
    use http::page::Texts;

    use super::super::followed::{Notice, Step};
    use super::*;
    use crate::answer::{Connection, Row};
    use crate::hidden::Hidden;

    const ODD: &str = "<b>École</b> \"d’Été\"\r\nBcc: x@y.example";

    fn links() -> Links {
        Links {
            page: "https://hub.example/hosting/v1/school/AbC-1".to_owned(),
            page_until: "2027-02-25T10:00:00Z".parse().unwrap(),
            stop: "https://hub.example/hosting/v1/stop/XyZ-2".to_owned(),
        }
    }

    fn school(states: &[&str]) -> Followed {
        let now = Timestamp::UNIX_EPOCH;
        let mut school = Followed::new("0750655E".parse().unwrap(), "here", now);
        school.kept.griffe = "Lycée Jean Moulin".to_owned();
        school.kept.key = Some(Hidden::new("school-key-1"));
        let step = |state: &&str| Step {
            state: (*state).to_owned(),
            at: now,
            seen_at: now,
            notice: Notice::Written,
        };
        school.kept.steps = states.iter().map(step).collect();
        school.state = states.last().copied().unwrap_or_default().to_owned();
        school
    }

    fn said() -> Reported {
        let row =
            Row { label: "Password".to_owned(), value: Hidden::new("connection-password-1"), secret: true };
        let connection = Connection {
            url: Some("https://s.example/".to_owned()),
            rows: vec![row],
            ..Connection::default()
        };
        Reported {
            connection: Some(connection),
            error: Some("backend-words".to_owned()),
            ..Reported::default()
        }
    }

    fn written(school: &Followed, said: &Reported, language: &str) -> serde_json::Value {
        let contact = Contact { mail: "cdi@lycee.example".to_owned(), language: language.to_owned() };
        let delivery = letter(school, &contact, said, &links());
        assert_eq!((delivery.to.courier.as_str(), delivery.to.address.as_str()), ("mail", "0750655E"));
        delivery.body
    }

    #[test]
    fn every_state_has_a_mail_in_both_languages_and_each_leads_to_the_page() {
        assert_eq!(Texts::faults(&TEXTS), Vec::<String>::new());
        let mut subjects = std::collections::BTreeSet::new();
        for state in State::ALL {
            for language in ["fr", "en"] {
                let mail = written(&school(&[state.code()]), &said(), language);
                let [text, html, subject] =
                    ["text", "html", "subject"].map(|part| mail[part].as_str().unwrap());
                assert!(!mail.to_string().contains('⟦'), "{state:?} {language}: {mail}");
                for part in [text, html] {
                    assert!(part.contains(&links().page) && part.contains(&links().stop), "{part}");
                }
                assert!(subject.contains("Lycée Jean Moulin"), "{subject}");
                assert_eq!(
                    (&mail["language"], &mail["unsubscribe"]),
                    (&language.into(), &links().stop.into())
                );
                assert_eq!(mail["secret"], json!(["AbC-1", "XyZ-2"]));
                subjects.insert(subject.to_owned());
            }
        }
        assert_eq!(subjects.len(), 20, "each its own");
    }

    #[test]
    fn no_secret_and_nothing_of_the_connection_stands_in_it() {
        for state in State::ALL {
            let mail = written(&school(&[state.code()]), &said(), "fr").to_string();
            for secret in ["school-key-1", "connection-password-1", "s.example", "backend-words"] {
                assert!(!mail.contains(secret), "{secret} in {mail}");
            }
        }
    }

    #[test]
    fn a_code_that_nobody_knows_is_told_as_it_is() {
        let mail = written(&school(&["BCDI<FROZEN>"]), &said(), "en");
        assert!(mail["text"].as_str().unwrap().contains("BCDI<FROZEN>"), "{mail}");
        assert!(mail["html"].as_str().unwrap().contains("BCDI&#60;FROZEN&#62;"), "{mail}");
    }

    #[test]
    fn what_is_not_ours_is_escaped() {
        let mut school = school(&["START"]);
        ODD.clone_into(&mut school.kept.griffe);
        let mail = written(&school, &said(), "fr");
        assert!(!mail["html"].as_str().unwrap().contains("<b>"), "{mail}");
    }

    #[test]
    fn a_change_has_texts_of_its_own() {
        let school = school(&["BCDIREADY", "BCDIALTER", "BCDIREADY"]);
        let done = written(&school, &said(), "en");
        let last = super::super::reported::LastWork {
            kind: "alter".to_owned(),
            state: "failed".to_owned(),
            message: None,
        };
        let failed = written(&school, &Reported { last: Some(last), ..said() }, "en");
        let open = written(&self::school(&["BCDIREADY"]), &said(), "en");
        let subjects: std::collections::BTreeSet<_> =
            [done, failed, open].map(|mail| mail["subject"].to_string()).into();
        assert_eq!(subjects.len(), 3, "{subjects:?}");
    }
}
