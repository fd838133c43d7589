//! Texts with places in them: `{/firstname}.{/lastname}@example.org`. Pure.

use serde_json::Value;

/// A text with places: JSON pointers in braces, of several with `|` between them the first that finds something counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    text: String,
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Place(Vec<String>),
}

/// A text that is no template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not understood here: write a text with JSON pointers in braces, such as {{/firstname}}.{{/lastname}}@example.org"
)]
pub struct BadTemplate(pub String);

impl Template {
    /// Reads it.
    pub fn new(text: &str) -> Result<Self, BadTemplate> {
        let bad = || BadTemplate(text.to_owned());
        let (mut parts, mut rest) = (Vec::new(), text);
        while let Some((before, after)) = rest.split_once('{') {
            let (place, after) = after.split_once('}').ok_or_else(bad)?;
            let pointers: Vec<String> = place.split('|').map(|pointer| pointer.trim().to_owned()).collect();
            if !pointers.iter().all(|pointer| pointer.starts_with('/')) || before.contains('}') {
                return Err(bad());
            }
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            parts.push(Part::Place(pointers));
            rest = after;
        }
        if rest.contains('}') || text.trim().is_empty() {
            return Err(bad());
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Template { text: text.to_owned(), parts })
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The text with what a document has at its places, each written as `form` wants it; `None` = one of them is empty.
    pub fn fill(&self, document: &Value, form: fn(&str) -> String) -> Option<String> {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(part) => text.push_str(part),
                Part::Place(pointers) => {
                    let found = pointers.iter().find_map(|pointer| plain(document.pointer(pointer)?))?;
                    text.push_str(&form(&found));
                }
            }
        }
        Some(text).filter(|text| !text.trim().is_empty())
    }

    /// All that it says: a place alone may hold a list.
    pub fn fill_all(&self, document: &Value) -> Vec<String> {
        if let [Part::Place(pointers)] = self.parts.as_slice() {
            let list = pointers.iter().find_map(|pointer| document.pointer(pointer)?.as_array());
            if let Some(list) = list {
                return list.iter().filter_map(plain).collect();
            }
        }
        self.fill(document, str::to_owned).into_iter().collect()
    }
}

/// A text or a number, if it says something.
fn plain(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}

/// A name as it stands in an address: small letters, digits, dots and hyphens.
pub fn in_address(name: &str) -> String {
    let mut text = String::new();
    for c in name.trim().to_lowercase().chars() {
        match unaccented(c) {
            Some(letters) => text.push_str(letters),
            None if c.is_ascii_alphanumeric() || c == '.' || c == '_' => text.push(c),
            None if (c.is_whitespace() || c == '-') && !text.ends_with('-') => text.push('-'),
            None => {}
        }
    }
    text.trim_matches(['-', '.']).to_owned()
}

/// What stands in an address for a letter of the languages around.
fn unaccented(c: char) -> Option<&'static str> {
    Some(match c {
        'à' | 'á' | 'â' | 'ã' | 'å' | 'ā' | 'ă' | 'ą' => "a",
        'ä' | 'æ' => "ae",
        'ç' | 'ć' | 'č' => "c",
        'ď' | 'đ' => "d",
        'è' | 'é' | 'ê' | 'ë' | 'ē' | 'ę' | 'ě' => "e",
        'ğ' => "g",
        'ì' | 'í' | 'î' | 'ï' | 'ī' | 'ı' => "i",
        'ł' | 'ľ' => "l",
        'ñ' | 'ń' | 'ň' => "n",
        'ò' | 'ó' | 'ô' | 'õ' | 'ø' | 'ō' | 'ő' => "o",
        'ö' | 'œ' => "oe",
        'ř' => "r",
        'ś' | 'š' | 'ş' => "s",
        'ß' => "ss",
        'ť' | 'ț' => "t",
        'ù' | 'ú' | 'û' | 'ū' | 'ů' | 'ű' => "u",
        'ü' => "ue",
        'ý' | 'ÿ' => "y",
        'ź' | 'ż' | 'ž' => "z",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn places_are_filled_and_what_is_missing_makes_no_half_text() {
        let template = Template::new("{/firstname}.{/lastname|/birthname}@example.org").unwrap();
        let fill = |document| template.fill(&document, in_address);
        let ada = json!({ "firstname": "Élise Marie", "lastname": "", "birthname": "D'Œuvre" });
        assert_eq!(fill(ada).as_deref(), Some("elise-marie.doeuvre@example.org"));
        assert_eq!(fill(json!({ "firstname": "Ada" })), None);
    }

    #[test]
    fn a_place_alone_may_hold_a_list() {
        let all =
            |text: &str| Template::new(text).unwrap().fill_all(&json!({ "mail": ["a@b.c", "", 5], "id": 7 }));
        assert_eq!(all("{/mail}"), ["a@b.c", "5"]);
        assert_eq!(all("{/id}@b.c"), ["7@b.c"]);
        assert_eq!(all("{/none}"), Vec::<String>::new());
    }

    #[test]
    fn what_is_no_template_is_refused() {
        for text in ["", " ", "{firstname}", "{/a", "/a}", "a}{/b}"] {
            assert!(Template::new(text).is_err(), "{text:?}");
        }
    }
}
