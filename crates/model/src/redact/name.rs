//! Which keys say by their name that what stands under them is secret.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use crate::composed::{folded, is_accent};

/// What every secret name has a part of. Every key of every body comes by here, and most go no further.
const HINTS: &[&str] = &[
    "pass", "pwd", "mdp", "secret", "token", "jeton", "pin", "otp", "puk", "cred", "key", "cle", "auth",
    "code",
];

/// Words that say so wherever they stand, also inside a longer one: `unicodePwd`, `newpassword`, `passwordOfUser`.
const STRONG: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "motsdepasse",
    "motdepasse",
    "motpasse",
    "pwd",
    "mdp",
    "credential",
    "apikey",
    "privatekey",
    "secretkey",
];

/// Words that say so at the end of a name, or before words that only say which one it is: `newPass`, `pinCode`.
const WEAK: &[&str] =
    &["pass", "secret", "token", "jeton", "pin", "otp", "totp", "hotp", "puk", "authorization"];

/// Of these, the ones that end longer words, as in `authtoken`.
const ENDINGS: &[&str] = &["pass", "secret", "token", "jeton", "authorization"];

/// Longer words that end like one of these and are none.
const OTHERS: &[&str] = &["compass", "bypass", "surpass", "trespass", "encompass", "overpass", "underpass"];

/// Words that say so together.
const TOGETHER: &[&[&str]] = &[
    &["mot", "de", "passe"],
    &["mots", "de", "passe"],
    &["mot", "passe"],
    &["phrase", "de", "passe"],
    &["pass", "word"],
    &["pass", "phrase"],
    &["api", "key"],
    &["private", "key"],
    &["secret", "key"],
    &["access", "key"],
    &["auth", "key"],
    &["encryption", "key"],
    &["signing", "key"],
    &["master", "key"],
    &["shared", "key"],
    &["cle", "privee"],
    &["cle", "secrete"],
    &["cle", "api"],
    &["cle", "acces"],
    &["code", "secret"],
    &["recovery", "code"],
    &["backup", "code"],
];

/// Words behind a strong one that say that something about the secret is meant: `pwdLastSet`, `passwordPolicy`.
const ABOUT: &[&str] = &[
    "age",
    "algo",
    "algorithm",
    "allow",
    "allowed",
    "attempt",
    "attempts",
    "attribute",
    "attributes",
    "can",
    "change",
    "changed",
    "changes",
    "complexity",
    "count",
    "created",
    "date",
    "disabled",
    "duree",
    "enabled",
    "endpoint",
    "expiration",
    "expire",
    "expired",
    "expires",
    "expiring",
    "expiry",
    "failure",
    "failures",
    "field",
    "forced",
    "format",
    "forgotten",
    "grace",
    "href",
    "id",
    "interval",
    "kind",
    "label",
    "last",
    "length",
    "less",
    "lien",
    "lifetime",
    "link",
    "lock",
    "locked",
    "lockout",
    "longueur",
    "max",
    "maximum",
    "method",
    "min",
    "minimum",
    "mode",
    "modified",
    "must",
    "name",
    "policy",
    "politique",
    "provider",
    "quality",
    "regle",
    "required",
    "requirements",
    "reset",
    "retry",
    "rule",
    "rules",
    "scheme",
    "set",
    "state",
    "status",
    "strength",
    "time",
    "type",
    "updated",
    "url",
    "usage",
];

/// The same before one: `mustChangePassword`, `dateMotDePasse`.
const BEFORE: &[&str] = &[
    "allow",
    "allowed",
    "can",
    "changement",
    "count",
    "date",
    "disable",
    "disabled",
    "doit",
    "duree",
    "enable",
    "enabled",
    "est",
    "expiration",
    "expire",
    "expires",
    "force",
    "has",
    "is",
    "lien",
    "longueur",
    "max",
    "maximum",
    "min",
    "minimum",
    "must",
    "nb",
    "need",
    "needs",
    "no",
    "nombre",
    "policy",
    "politique",
    "public",
    "regle",
    "require",
    "required",
    "requires",
    "type",
    "validite",
];

/// Words behind a weak one that leave it what it is: which one, whose, for what, or written how.
const WHICH: &[&str] = &[
    "access",
    "acces",
    "account",
    "actuel",
    "actuelle",
    "admin",
    "again",
    "ancien",
    "ancienne",
    "answer",
    "api",
    "app",
    "auth",
    "base",
    "bearer",
    "bind",
    "chiffre",
    "clair",
    "clear",
    "client",
    "code",
    "confirm",
    "confirmation",
    "confirme",
    "confirmed",
    "current",
    "data",
    "db",
    "de",
    "default",
    "encrypted",
    "hash",
    "hashed",
    "hex",
    "initial",
    "initiale",
    "key",
    "la",
    "ldap",
    "le",
    "login",
    "new",
    "next",
    "nouveau",
    "nouvelle",
    "nt",
    "of",
    "old",
    "phrase",
    "plain",
    "plaintext",
    "previous",
    "provisoire",
    "raw",
    "refresh",
    "repeat",
    "repeated",
    "reponse",
    "retype",
    "root",
    "seed",
    "string",
    "temp",
    "temporaire",
    "temporary",
    "text",
    "user",
    "value",
];

/// Whether a key's name says that its value is secret: `newPassword`, `password_2`, `motDePasse`, `pinCode` do,
/// `passwordUsage`, `tokenType`, `passport` and `mustChangePassword` do not.
///
/// One name too many costs little: the value is shown masked, and backends get it all the same.
pub fn names_secret(key: &str) -> bool {
    static HINT: LazyLock<Option<AhoCorasick>> =
        LazyLock::new(|| AhoCorasick::builder().ascii_case_insensitive(true).build(HINTS).ok());
    let hinted = !key.is_ascii() || HINT.as_ref().is_none_or(|hints| hints.is_match(key));
    hinted && says_so(&parts(&words(key)))
}

/// A word of a name, in small letters and without accents.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Strong,
    Weak,
    Word(String),
}

impl Part {
    fn is_one_of(&self, words: &[&str]) -> bool {
        matches!(self, Part::Word(word) if words.contains(&word.as_str()))
    }
}

fn says_so(parts: &[Part]) -> bool {
    parts.iter().enumerate().any(|(at, part)| {
        let (before, after) = parts.split_at(at);
        let after = after.get(1..).unwrap_or_default();
        let known = match part {
            Part::Strong => !after.iter().any(|part| part.is_one_of(ABOUT)),
            Part::Weak => after.iter().all(|part| !matches!(part, Part::Word(_)) || part.is_one_of(WHICH)),
            Part::Word(_) => false,
        };
        known && !before.iter().any(|part| part.is_one_of(BEFORE))
    })
}

/// The words of a name: `newPassword2`, `new-password_2` and `NEW.PASSWORD` are `new` and `password`; `APIKey` is
/// `api` and `key`.
fn words(key: &str) -> Vec<String> {
    let letters: Vec<char> = key.chars().collect();
    let mut words: Vec<String> = Vec::new();
    let mut begins = true;
    for (at, letter) in letters.iter().enumerate() {
        if !(letter.is_alphabetic() || is_accent(*letter)) {
            begins = true;
            continue;
        }
        let (last, next) = (at.checked_sub(1).and_then(|at| letters.get(at)), letters.get(at + 1));
        begins |= letter.is_uppercase()
            && (last.is_some_and(|last| !last.is_uppercase())
                || next.is_some_and(|next| next.is_lowercase()));
        match words.last_mut() {
            Some(word) if !begins => word.push(*letter),
            _ => words.push(letter.to_string()),
        }
        begins = false;
    }
    words.iter().map(|word| folded(word)).collect()
}

fn parts(words: &[String]) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = words;
    while let Some((word, others)) = rest.split_first() {
        let together = TOGETHER.iter().find(|known| begins_with(rest, known));
        if let Some(known) = together {
            parts.push(Part::Strong);
            rest = rest.get(known.len()..).unwrap_or_default();
        } else {
            parts_of(word, &mut parts);
            rest = others;
        }
    }
    parts
}

/// Whether a name goes on with these words, of which the last may be in the plural.
fn begins_with(words: &[String], known: &[&str]) -> bool {
    words.len() >= known.len()
        && words.iter().zip(known).all(|(word, known)| singular(word) == *known || word == known)
}

/// What a single word consists of.
fn parts_of(word: &str, parts: &mut Vec<Part>) {
    let strong = STRONG.iter().find_map(|strong| word.find(strong).map(|at| (at, at + strong.len())));
    if let Some((start, end)) = strong {
        parts.extend(
            word.get(..start).filter(|word| !word.is_empty()).map(|word| Part::Word(word.to_owned())),
        );
        parts.push(Part::Strong);
        if let Some(rest) = word.get(end..).filter(|rest| !rest.is_empty()) {
            parts_of(rest, parts);
        }
    } else if is_weak(word) || is_weak(singular(word)) {
        parts.push(Part::Weak);
    } else {
        parts.push(Part::Word(word.to_owned()));
    }
}

/// `token`, `authtoken`, `tokenvalue`, `newpin`; not `secretary`, `compass`, `spin`.
fn is_weak(word: &str) -> bool {
    let which = |word: &str| word.is_empty() || WHICH.contains(&word);
    !OTHERS.contains(&word)
        && (ENDINGS.iter().any(|ending| word.ends_with(ending))
            || WEAK.iter().any(|weak| {
                word.strip_prefix(weak).is_some_and(which) || word.strip_suffix(weak).is_some_and(which)
            }))
}

fn singular(word: &str) -> &str {
    word.strip_suffix('s').unwrap_or(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_split_into_words() {
        for (name, expected) in [
            ("newPassword2", vec!["new", "password"]),
            ("sambaNTPassword", vec!["samba", "nt", "password"]),
            ("APIKey", vec!["api", "key"]),
            ("NEW_PASSWORD", vec!["new", "password"]),
            ("user[password]", vec!["user", "password"]),
            ("mot de pass\u{e9}", vec!["mot", "de", "passe"]),
            ("Cle\u{301}Privée", vec!["cle", "privee"]),
            ("__", vec![]),
        ] {
            assert_eq!(words(name), expected, "{name}");
        }
    }
}
