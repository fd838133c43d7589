//! What pages say, in every language: Fluent messages, from the kit and from the modules.

use std::collections::BTreeSet;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::types::FluentNumber;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use fluent_syntax::ast::Entry;

use super::lang::Lang;

/// Arguments of a message.
pub type Args<'a> = [(&'static str, FluentValue<'a>)];

/// What marks a message that is missing. No page may show it.
pub(super) const MISSING: char = '⟦';

/// All messages.
pub struct Texts(Vec<(Lang, FluentBundle<FluentResource>)>);

impl Texts {
    /// Reads the messages of all parts. They are compiled in: what is wrong with them is found by the tests of their
    /// part (see [`Texts::faults`]), and is left out here.
    pub(super) fn new(sources: &[(Lang, &'static str)]) -> Self {
        let bundles = Lang::ALL.map(|lang| {
            let tag = lang.tag().parse().unwrap_or_default();
            let mut bundle = FluentBundle::new_concurrent(vec![tag]);
            bundle.set_use_isolating(false);
            bundle.set_formatter(Some(match lang {
                Lang::En => |value, _| format(Lang::En, value),
                Lang::Fr => |value, _| format(Lang::Fr, value),
            }));
            for (_, source) in sources.iter().filter(|(of, _)| *of == lang) {
                let resource =
                    FluentResource::try_new((*source).to_owned()).unwrap_or_else(|(found, _)| found);
                bundle.add_resource_overriding(resource);
            }
            (lang, bundle)
        });
        Texts(bundles.into())
    }

    /// A message.
    pub fn say(&self, lang: Lang, key: &str, args: &Args<'_>) -> String {
        let missing = || format!("{MISSING}{key}⟧");
        let Some((_, bundle)) = self.0.iter().find(|(of, _)| *of == lang) else { return missing() };
        let Some(pattern) = bundle.get_message(key).and_then(|message| message.value()) else {
            return missing();
        };
        let args: FluentArgs<'_> = args.iter().map(|(name, value)| (*name, value.clone())).collect();
        let mut errors = Vec::new();
        let text = bundle.format_pattern(pattern, Some(&args), &mut errors).into_owned();
        if errors.is_empty() { text } else { missing() }
    }

    /// Whether there is such a message.
    pub fn knows(&self, lang: Lang, key: &str) -> bool {
        self.0.iter().any(|(of, bundle)| *of == lang && bundle.has_message(key))
    }

    /// What is wrong with the sources of a part: what cannot be read, and messages that only one language has.
    pub fn faults(sources: &[(Lang, &'static str)]) -> Vec<String> {
        let mut faults = Vec::new();
        let mut keys: Vec<(Lang, BTreeSet<String>)> = Vec::new();
        for lang in Lang::ALL {
            let mut known = BTreeSet::new();
            for (_, source) in sources.iter().filter(|(of, _)| *of == lang) {
                match FluentResource::try_new((*source).to_owned()) {
                    Ok(resource) => known.extend(resource.entries().filter_map(name)),
                    Err((_, errors)) => faults.extend(errors.iter().map(|e| format!("{}: {e}", lang.tag()))),
                }
            }
            keys.push((lang, known));
        }
        let all: BTreeSet<&String> = keys.iter().flat_map(|(_, keys)| keys).collect();
        for (lang, known) in &keys {
            let missing = all.iter().filter(|key| !known.contains(**key));
            faults.extend(missing.map(|key| format!("{}: {key} is missing", lang.tag())));
        }
        faults
    }
}

fn name(entry: &Entry<&str>) -> Option<String> {
    match entry {
        Entry::Message(message) => Some(message.id.name.to_owned()),
        _ => None,
    }
}

/// Numbers as the language writes them: `12,345` or `12 345`.
fn format(lang: Lang, value: &FluentValue<'_>) -> Option<String> {
    match value {
        FluentValue::Number(FluentNumber { value, options }) => {
            Some(number(lang, *value, options.maximum_fraction_digits.unwrap_or(2)))
        }
        _ => None,
    }
}

/// A number with at most so many digits after its point.
pub(super) fn number(lang: Lang, value: f64, digits: usize) -> String {
    let rounded = format!("{:.*}", digits, value.abs());
    let (whole, fraction) = rounded.split_once('.').unwrap_or((&rounded, ""));
    let fraction = fraction.trim_end_matches('0');
    let mut text = String::new();
    if value < 0.0 && rounded.bytes().any(|b| (b'1'..=b'9').contains(&b)) {
        text.push('\u{2212}');
    }
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            text.push(lang.group());
        }
        text.push(digit);
    }
    if !fraction.is_empty() {
        text.push(lang.point());
        text.push_str(fraction);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXTS: [(Lang, &str); 2] = [
        (
            Lang::En,
            "jobs = { $n ->\n  [one] { $n } job\n  *[other] { $n } jobs\n }\nhello = Hello { $who }\n",
        ),
        (
            Lang::Fr,
            "jobs = { $n ->\n  [one] { $n } travail\n  *[other] { $n } travaux\n }\nhello = Bonjour { $who }\n",
        ),
    ];

    #[test]
    fn plurals_follow_the_language() {
        let texts = Texts::new(&TEXTS);
        let say = |lang, n: u32| texts.say(lang, "jobs", &[("n", n.into())]);
        assert_eq!(say(Lang::En, 0), "0 jobs");
        assert_eq!(say(Lang::Fr, 0), "0 travail");
        assert_eq!(say(Lang::En, 12_345), "12,345 jobs");
        assert_eq!(say(Lang::Fr, 12_345), "12\u{202f}345 travaux");
    }

    #[test]
    fn what_is_missing_shows() {
        let texts = Texts::new(&TEXTS);
        assert_eq!(texts.say(Lang::En, "nothing", &[]), "⟦nothing⟧");
        assert_eq!(texts.say(Lang::En, "hello", &[]), "⟦hello⟧");
        assert!(texts.knows(Lang::Fr, "hello") && !texts.knows(Lang::Fr, "nothing"));
    }

    #[test]
    fn faults_name_language_and_key() {
        assert!(Texts::faults(&TEXTS).is_empty());
        let faults = Texts::faults(&[(Lang::En, "a = A\nb = B\n"), (Lang::Fr, "a = A\n")]);
        assert_eq!(faults, ["fr: b is missing"]);
        assert_eq!(Texts::faults(&[(Lang::En, "a = {\n"), (Lang::Fr, "")]).len(), 1);
    }

    #[test]
    fn numbers_are_grouped_and_rounded() {
        assert_eq!(number(Lang::En, 1_234_567.0, 0), "1,234,567");
        assert_eq!(number(Lang::Fr, 0.126, 2), "0,13");
        assert_eq!(number(Lang::En, -0.001, 2), "0");
        assert_eq!(number(Lang::En, -1.5, 1), "−1.5");
        assert_eq!(number(Lang::En, 100.0, 2), "100");
    }
}
