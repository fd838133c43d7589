//! Text from outside, made fit for a terminal: no control characters, no more columns than there are.

use std::borrow::Cow;

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// One line without control characters: what a backend prints must not steer the terminal. Line ends become spaces.
pub fn one_line(text: &str) -> String {
    let visible = text.trim().chars().map(|c| match c {
        '\n' | '\r' | '\t' => ' ',
        c if is_unsafe(c) => '\u{fffd}',
        c => c,
    });
    visible.collect()
}

/// The lines of a text, each without control characters; tabs become spaces.
pub fn lines(text: &str) -> impl Iterator<Item = String> {
    text.lines().map(|line| {
        let spaced = line.trim_end_matches('\r').replace('\t', "    ");
        spaced.chars().map(|c| if is_unsafe(c) { '\u{fffd}' } else { c }).collect()
    })
}

/// Control characters, those that end lines elsewhere, and those that change the direction of what follows.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// What may be printed as it is: the last look at whatever goes to a terminal. Line ends, tabs and our own colours stay.
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let taken = colour(rest).unwrap_or(c.len_utf8());
        let (part, after) = rest.split_at(taken);
        match c {
            '\n' | '\t' => safe.push(c),
            c if is_unsafe(c) && taken == c.len_utf8() => safe.push('\u{fffd}'),
            _ => safe.push_str(part),
        }
        rest = after;
    }
    Cow::Owned(safe)
}

/// The length of the sequence at the beginning that changes colours and nothing else.
fn colour(text: &str) -> Option<usize> {
    let parameters = text.strip_prefix("\x1b[")?;
    let end = parameters.find(|c: char| !c.is_ascii_digit() && c != ';')?;
    parameters.get(end..)?.starts_with('m').then_some("\x1b[".len() + end + "m".len())
}

/// A JSON document with everything in it escaped that must not reach a terminal as it is: it means the same.
pub fn escaped(json: &str) -> Cow<'_, str> {
    // Between members there may be line ends, which are ours. The rest of what is unsafe can only be part of a text.
    let is_foreign = |c: char| c != '\n' && is_unsafe(c);
    if !json.chars().any(is_foreign) {
        return Cow::Borrowed(json);
    }
    let escape = |c: char| {
        if is_foreign(c) { format!("\\u{:04x}", u32::from(c)) } else { c.to_string() }
    };
    Cow::Owned(json.chars().map(escape).collect())
}

/// How many columns it takes.
pub fn width(text: &str) -> usize {
    text.width()
}

/// No more columns than `max`; an ellipsis stands for what was cut.
pub fn cut(text: &str, max: usize) -> String {
    if width(text) <= max {
        return text.to_owned();
    }
    let mut room = max.saturating_sub(1);
    let kept: String = text
        .chars()
        .take_while(|c| {
            let fits = c.width().unwrap_or(0) <= room;
            room = room.saturating_sub(c.width().unwrap_or(0));
            fits
        })
        .collect();
    if max == 0 { kept } else { kept + "…" }
}

/// Padded with spaces on the right to this many columns.
pub fn pad(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(text))))
}

/// Padded with spaces on the left to this many columns.
pub fn pad_left(text: &str, columns: usize) -> String {
    format!("{}{text}", " ".repeat(columns.saturating_sub(width(text))))
}

/// Broken at spaces into lines of at most `max` columns. A word that is longer gets a line of its own.
pub fn wrap(text: &str, max: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        if !line.is_empty() && width(&line) + 1 + width(word) > max {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}

/// A count with its noun: `1 job`, `3 jobs`.
pub fn count(number: usize, noun: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{ending}")
}

/// A size in bytes: `512 B`, `1.4 MiB`.
pub fn size(bytes: u64) -> String {
    const UNITS: [(&str, u64); 4] = [("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    match UNITS.into_iter().find(|(_, unit)| bytes >= *unit) {
        Some((name, unit)) => format!("{}.{} {name}", bytes / unit, bytes % unit * 10 / unit),
        None => format!("{bytes} B"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_do_not_reach_the_terminal() {
        assert_eq!(one_line("a\x1b[31mred\u{202e}\n b\r\n"), "a\u{fffd}[31mred\u{fffd}  b");
        assert_eq!(lines("one\r\n\ttwo\x07").collect::<Vec<_>>(), ["one", "    two\u{fffd}"]);
    }

    #[test]
    fn the_last_look_leaves_line_ends_and_our_own_colours() {
        assert_eq!(printable("a\n\t\x1b[1;31mred\x1b[0m"), "a\n\t\x1b[1;31mred\x1b[0m");
        assert_eq!(
            printable("\r\x1b[2J\x1b]0;x\x07\u{9b}31m\u{202e}\u{61c}\u{2028}"),
            "\u{fffd}\u{fffd}[2J\u{fffd}]0;x\u{fffd}\u{fffd}31m\u{fffd}\u{fffd}\u{fffd}"
        );
        assert_eq!(printable("\x1b[31"), "\u{fffd}[31");
    }

    #[test]
    fn json_means_the_same_without_what_steers_a_terminal() {
        let document = serde_json::json!({ "a\u{9b}": ["\u{202e}é\u{7f}\r\n", 1] });
        for text in [document.to_string(), serde_json::to_string_pretty(&document).unwrap()] {
            let escaped = escaped(&text);
            assert!(!escaped.chars().any(|c| c != '\n' && is_unsafe(c)), "{escaped:?}");
            assert_eq!(serde_json::from_str::<serde_json::Value>(&escaped).unwrap(), document);
        }
        assert_eq!(escaped(r#"{"é":1}"#), r#"{"é":1}"#);
    }

    #[test]
    fn widths_are_columns_not_bytes() {
        assert_eq!(width("é漢"), 3);
        assert_eq!(cut("Éléonore", 4), "Élé…");
        assert_eq!(cut("漢字漢字", 4), "漢…");
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abc", 0), "");
        assert_eq!(pad("é", 3), "é  ");
        assert_eq!(pad_left("é", 3), "  é");
    }

    #[test]
    fn long_text_is_broken_at_spaces() {
        assert_eq!(wrap("one two  three", 7), ["one two", "three"]);
        assert_eq!(wrap("a-very-long-word b", 5), ["a-very-long-word", "b"]);
        assert_eq!(wrap("", 5), [""]);
    }

    #[test]
    fn sizes_are_short() {
        assert_eq!((size(0), size(1023)), ("0 B".to_owned(), "1023 B".to_owned()));
        assert_eq!((size(1536), size(5 << 30)), ("1.5 KiB".to_owned(), "5.0 GiB".to_owned()));
    }

    #[test]
    fn counts_have_their_plural() {
        assert_eq!(
            (count(0, "job"), count(1, "job"), count(2, "job")),
            ("0 jobs".into(), "1 job".into(), "2 jobs".into())
        );
    }
}
