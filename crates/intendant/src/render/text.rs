//! Text from outside, made fit for a terminal: no control characters, no more columns than there are.

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

/// Control characters, and those that change the direction of what follows.
fn is_unsafe(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
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
