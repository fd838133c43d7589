//! What mails say of matters. Pure.

use std::sync::LazyLock;

use askama::Template;
use engine::{BackendMatter, Matter};
use http::page::{Args, Kit, Lang, Part};
use jiff::{SignedDuration, Timestamp};

use super::rule::{News, Seen};
use crate::mail::Letter;

/// What mails and pages say.
pub(crate) const TEXTS: [(Lang, &str); 2] =
    [(Lang::En, include_str!("../../texts/en.ftl")), (Lang::Fr, include_str!("../../texts/fr.ftl"))];

/// The same, as it is read once.
static KIT: LazyLock<Kit> =
    LazyLock::new(|| Kit::new("", &[Part { nav: &[], texts: &TEXTS, programs: &[] }]));

/// Characters of what a backend or a server said that are repeated.
const LONGEST: usize = 300;

#[derive(Template)]
#[template(path = "alert.html")]
struct Page<'p> {
    lang: &'static str,
    subject: &'p str,
    parts: &'p [(String, Vec<String>)],
    open: String,
    url: Option<&'p str>,
    why: String,
    urgent: bool,
}

fn say(lang: Lang, key: &str, args: &Args<'_>) -> String {
    KIT.texts().say(lang, key, args)
}

fn count(lang: Lang, key: &str, n: usize) -> String {
    say(lang, key, &[("n", n.into())])
}

/// A matter as mails tell it.
pub(super) fn seen(matter: &Matter, lang: Lang, now: Timestamp) -> Seen {
    let size = size(matter);
    let about = |key: &str, name: &str| say(lang, key, &[("n", size.into()), ("name", name.into())]);
    let span = |since: Timestamp| say(lang, "alert-minutes", &[("n", minutes(since, now).into())]);
    let line = match matter {
        Matter::Held(set) => about("alert-held", &set.backend),
        Matter::Failed(_) => about("alert-failed", ""),
        Matter::GivenUp(_) => about("alert-given-up", ""),
        Matter::Backend(what, backend) => about(of_backend(*what), &backend.name),
        Matter::Source(name, _) => about("alert-source", name),
        Matter::Chore(name, _) => about("alert-chore", name),
        Matter::Differs(host, _) => about("alert-differs", host),
        Matter::Damaged(..) => about("alert-damaged", ""),
        Matter::Shortage(_) => about("alert-shortage", ""),
        Matter::Long(run) => {
            say(lang, "alert-long", &[("name", run.backend.clone().into()), ("span", span(run.since).into())])
        }
        Matter::Waiting(_, since) => say(lang, "alert-waiting", &[("span", span(*since).into())]),
    };
    let line = match matter.words() {
        Some(words) => say(lang, "alert-said", &[("line", line.into()), ("words", short(words).into())]),
        None => line,
    };
    Seen { about: matter.about(), size, line }
}

fn of_backend(what: BackendMatter) -> &'static str {
    match what {
        BackendMatter::Broken => "alert-broken",
        BackendMatter::LeftAlone => "alert-left-alone",
        BackendMatter::Paused => "alert-paused",
        BackendMatter::Held => "alert-not-now",
        BackendMatter::Idle => "alert-idle",
    }
}

/// How much of it there is: what there is twice as much of is told of again.
fn size(matter: &Matter) -> u64 {
    match matter {
        Matter::Held(set) => set.jobs,
        Matter::Failed(n) | Matter::GivenUp(n) | Matter::Damaged(n, _) => *n,
        _ => 1,
    }
}

fn minutes(since: Timestamp, now: Timestamp) -> i64 {
    now.duration_since(since).max(SignedDuration::ZERO).as_mins()
}

fn short(words: &str) -> String {
    let line = words.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= LONGEST {
        return line;
    }
    line.chars().take(LONGEST - 1).chain(['…']).collect()
}

/// What a letter is about.
pub(super) enum Occasion<'o> {
    /// Something new, or over.
    News(&'o News),
    /// All that needs somebody now, as it is told of at times.
    Digest(&'o [Seen]),
    /// The journal cannot be written, because.
    Unwritable(&'o str),
    /// It can again.
    Writable,
    /// Somebody wants to see that letters arrive.
    Test,
}

/// The letter, as it goes to each of those who are told.
pub(super) fn letter(occasion: &Occasion<'_>, lang: Lang, url: Option<&str>) -> Letter {
    let subject = match occasion {
        Occasion::News(news) if !news.new.is_empty() => {
            count(lang, "alert-subject-new", news.new.len() + news.still.len())
        }
        Occasion::News(news) if !news.still.is_empty() => {
            count(lang, "alert-subject-still", news.still.len())
        }
        Occasion::News(_) => say(lang, "alert-subject-over", &[]),
        Occasion::Digest(all) => count(lang, "alert-subject-digest", all.len()),
        Occasion::Unwritable(_) => say(lang, "alert-subject-unwritable", &[]),
        Occasion::Writable => say(lang, "alert-subject-writable", &[]),
        Occasion::Test => say(lang, "alert-subject-test", &[]),
    };
    let part =
        |key: &str, lines: &[String]| (!lines.is_empty()).then(|| (say(lang, key, &[]), lines.to_vec()));
    let one = |key: &str, args: &Args<'_>| vec![(String::new(), vec![say(lang, key, args)])];
    let parts: Vec<(String, Vec<String>)> = match occasion {
        Occasion::News(news) => {
            let parts = [
                part("alert-part-new", &news.new),
                part("alert-part-still", &news.still),
                part("alert-part-over", &news.over),
            ];
            parts.into_iter().flatten().collect()
        }
        Occasion::Digest([]) => one("alert-nothing", &[]),
        Occasion::Digest(all) => {
            let lines: Vec<_> = all.iter().map(|seen| seen.line.clone()).collect();
            part("alert-part-all", &lines).into_iter().collect()
        }
        Occasion::Unwritable(why) => one("alert-unwritable", &[("why", short(why).into())]),
        Occasion::Writable => one("alert-writable", &[]),
        Occasion::Test => one("alert-test", &[]),
    };
    let urgent = matches!(occasion, Occasion::Unwritable(_))
        || matches!(occasion, Occasion::News(news) if !news.new.is_empty());
    let page = Page {
        lang: lang.tag(),
        subject: &subject,
        parts: &parts,
        open: say(lang, "alert-open", &[]),
        url,
        why: say(lang, "alert-why", &[]),
        urgent,
    };
    // A template that is compiled in, filled with texts: there is nothing that could fail.
    let html = page.render().ok();
    let text = text(&page);
    Letter {
        to: String::new(),
        html,
        text,
        subject,
        language: lang.tag().to_owned(),
        unsubscribe: None,
        secret: Vec::new(),
    }
}

fn text(page: &Page<'_>) -> String {
    let mut text = String::new();
    for (title, lines) in page.parts {
        if title.is_empty() {
            text.extend(lines.iter().map(|line| format!("{line}\n")));
        } else {
            text.push_str(title);
            text.push('\n');
            text.extend(lines.iter().map(|line| format!("  • {line}\n")));
        }
        text.push('\n');
    }
    if let Some(url) = page.url {
        text.extend([page.open.as_str(), "\n", url, "/\n\n"]);
    }
    text + "-- \n" + &page.why + "\n"
}

#[cfg(test)]
mod tests {
    use http::page::Texts;

    use super::*;

    #[test]
    fn both_languages_say_the_same_things() {
        assert_eq!(Texts::faults(&TEXTS), Vec::<String>::new());
    }

    #[test]
    fn every_occasion_is_said_in_both_languages_and_what_others_say_is_escaped() {
        let line = |text: &str| text.to_owned();
        let news = News { new: vec![line("<b> & c")], still: vec![line("d")], over: vec![line("e")] };
        let over = News { over: vec![line("e")], ..News::default() };
        let still = News { still: vec![line("d")], over: vec![line("e")], ..News::default() };
        let all = [Seen { about: line("b"), size: 1, line: line("<b>") }];
        let occasions = [
            Occasion::News(&news),
            Occasion::News(&over),
            Occasion::News(&still),
            Occasion::Digest(&all),
            Occasion::Digest(&[]),
            Occasion::Unwritable("disk full"),
            Occasion::Writable,
            Occasion::Test,
        ];
        for (occasion, lang) in occasions.iter().flat_map(|one| Lang::ALL.map(|lang| (one, lang))) {
            let letter = letter(occasion, lang, Some("https://hub.example"));
            let html = letter.html.unwrap();
            for said in [&letter.subject, &letter.text, &html] {
                assert!(!said.is_empty() && !said.contains('⟦'), "{said}");
            }
            assert!(!html.contains("<b>") && html.contains("https://hub.example/"), "{html}");
        }
        assert!(letter(&Occasion::Unwritable("disk full"), Lang::Fr, None).text.contains("disk full"));
    }

    #[test]
    fn what_others_said_is_one_line_and_not_long() {
        let said = short(&format!("a\nb {}", "x".repeat(1000)));
        assert!(said.starts_with("a b x") && said.ends_with('…'));
        assert_eq!(said.chars().count(), LONGEST);
    }
}
