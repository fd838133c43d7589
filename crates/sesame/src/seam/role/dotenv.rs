//! `.env` files: lines of `NAME=value`, as the original daemon reads one from its working folder.

/// The variables in the text. Blank lines, comments and lines that are none are passed over.
pub(super) fn variables(text: &str) -> Vec<(String, String)> {
    text.lines().filter_map(variable).collect()
}

fn variable(line: &str) -> Option<(String, String)> {
    let line = line.trim_start();
    let line = line.strip_prefix("export ").unwrap_or(line);
    let (name, value) = line.split_once('=')?;
    let name = name.trim();
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    is_name.then(|| (name.to_owned(), unquoted(value.trim())))
}

/// Without its quotes; without the comment behind it when it has none.
fn unquoted(value: &str) -> String {
    for quote in ['"', '\'', '`'] {
        if let Some((inside, _)) = value.strip_prefix(quote).and_then(|rest| rest.rsplit_once(quote)) {
            return if quote == '"' { inside.replace("\\n", "\n") } else { inside.to_owned() };
        }
    }
    value.split('#').next().unwrap_or_default().trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_write_a_value_is_understood() {
        assert_eq!(variables("A=1\r\n"), [("A".to_owned(), "1".to_owned())]);
        let text = "# a comment\n\nA=1\n export B = two words # said\nC=\"x # y\" # z\nD='it''s'\nE=\nno line\n=x\nF=a=b\n\
                    G=\"a\\nb\"\nbad name=1\n";
        let expected = [
            ("A", "1"),
            ("B", "two words"),
            ("C", "x # y"),
            ("D", "it''s"),
            ("E", ""),
            ("F", "a=b"),
            ("G", "a\nb"),
        ];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(variables(text), expected);
    }
}
