//! A reader of JSON objects that is kinder than the standard, because backends are: it takes `NaN`, raw line breaks
//! in texts, half surrogates, bytes that are no UTF-8 and repeated keys (the last one counts). It never recurses
//! deeper than [`DEPTH`], and it never reads the same text twice for one object.

use std::collections::HashSet;

use serde_json::{Map, Number, Value};

/// Values nested deeper than this read as `null`, and are told of: the journal could not read them back.
pub(super) const DEPTH: usize = model::json::DEEPEST;

/// Reads objects out of a text.
#[derive(Debug)]
pub(super) struct Reader<'t> {
    text: &'t [u8],
    /// How far it has read.
    pub(super) at: usize,
    /// Where objects inside others begin that are known not to end well: the byte that broke the outer one, while
    /// they were open, breaks them too.
    broken: HashSet<usize>,
    /// Something in the object that was read last is nested too deep.
    pub(super) too_deep: bool,
}

/// The text is not JSON from here on.
struct Broken;

type Read<T> = Result<T, Broken>;

impl<'t> Reader<'t> {
    pub(super) fn new(text: &'t [u8]) -> Self {
        Reader { text, at: 0, broken: HashSet::new(), too_deep: false }
    }

    /// The object that begins at this place, and the place after its end.
    pub(super) fn object_at(&mut self, start: usize) -> Option<(Map<String, Value>, usize)> {
        if self.broken.contains(&start) {
            return None;
        }
        (self.at, self.too_deep) = (start, false);
        self.object(0).ok().map(|object| (object, self.at))
    }

    fn value(&mut self, depth: usize) -> Read<Value> {
        self.skip_blanks();
        match self.peek() {
            Some(b'{' | b'[') if depth >= DEPTH => self.skip_nested(),
            Some(b'{') => self.object(depth).map(Value::Object),
            Some(b'[') => self.array(depth).map(Value::Array),
            Some(b'"') => self.string().map(Value::String),
            _ => self.scalar(),
        }
    }

    fn object(&mut self, depth: usize) -> Read<Map<String, Value>> {
        let start = self.at;
        let read = self.members(depth);
        if read.is_err() && depth > 0 {
            self.broken.insert(start);
        }
        read
    }

    fn members(&mut self, depth: usize) -> Read<Map<String, Value>> {
        let mut members = Map::new();
        self.expect(b'{')?;
        if self.take_if(b'}') {
            return Ok(members);
        }
        loop {
            self.skip_blanks();
            let key = self.string()?;
            self.expect(b':')?;
            members.insert(key, self.value(depth + 1)?);
            if !self.take_if(b',') {
                self.expect(b'}')?;
                return Ok(members);
            }
        }
    }

    fn array(&mut self, depth: usize) -> Read<Vec<Value>> {
        let mut items = Vec::new();
        self.expect(b'[')?;
        if self.take_if(b']') {
            return Ok(items);
        }
        loop {
            items.push(self.value(depth + 1)?);
            if !self.take_if(b',') {
                self.expect(b']')?;
                return Ok(items);
            }
        }
    }

    /// Passes over a value that is nested too deep.
    fn skip_nested(&mut self) -> Read<Value> {
        self.too_deep = true;
        let mut open = Vec::new();
        let skipped = self.skip_until_closed(&mut open);
        if skipped.is_err() {
            self.broken.extend(open);
        }
        skipped
    }

    fn skip_until_closed(&mut self, open: &mut Vec<usize>) -> Read<Value> {
        loop {
            match self.peek().ok_or(Broken)? {
                b'"' => {
                    self.string()?;
                    continue;
                }
                b'{' | b'[' => open.push(self.at),
                b'}' | b']' => {
                    open.pop();
                }
                _ => {}
            }
            self.at += 1;
            if open.is_empty() {
                return Ok(Value::Null);
            }
        }
    }

    fn string(&mut self) -> Read<String> {
        if self.peek() != Some(b'"') {
            return Err(Broken);
        }
        self.at += 1;
        let mut bytes = Vec::new();
        loop {
            let rest = self.text.get(self.at..).unwrap_or_default();
            let plain = rest.iter().position(|b| matches!(b, b'"' | b'\\')).ok_or(Broken)?;
            bytes.extend_from_slice(rest.get(..plain).unwrap_or_default());
            self.at += plain + 1;
            if rest.get(plain) == Some(&b'"') {
                return Ok(into_text(bytes));
            }
            let character = self.escape()?;
            bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }

    fn escape(&mut self) -> Read<char> {
        let letter = self.peek().ok_or(Broken)?;
        self.at += 1;
        match letter {
            b'"' | b'\\' | b'/' | b'\'' => Ok(char::from(letter)),
            b'b' => Ok('\u{8}'),
            b'f' => Ok('\u{c}'),
            b'n' => Ok('\n'),
            b'r' => Ok('\r'),
            b't' => Ok('\t'),
            b'u' => self.unicode(),
            _ => Err(Broken),
        }
    }

    fn unicode(&mut self) -> Read<char> {
        let first = self.hex4()?;
        if (0xd800..0xdc00).contains(&first) && self.text.get(self.at..self.at + 2) == Some(br"\u") {
            let before = self.at;
            self.at += 2;
            let second = self.hex4()?;
            let pair = char::decode_utf16([first, second]).next();
            if let Some(Ok(character)) = pair {
                return Ok(character);
            }
            self.at = before;
        }
        Ok(char::from_u32(u32::from(first)).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn hex4(&mut self) -> Read<u16> {
        let digits = self.text.get(self.at..self.at + 4).ok_or(Broken)?;
        let mut number = 0;
        for digit in digits {
            let value = char::from(*digit).to_digit(16).ok_or(Broken)?;
            number = number << 4 | u16::try_from(value).map_err(|_| Broken)?;
        }
        self.at += 4;
        Ok(number)
    }

    fn scalar(&mut self) -> Read<Value> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let end = rest
            .iter()
            .position(|b| !(b.is_ascii_alphanumeric() || b"+-.".contains(b)))
            .unwrap_or(rest.len());
        let word = rest.get(..end).and_then(|word| std::str::from_utf8(word).ok()).ok_or(Broken)?;
        self.at += end;
        match word {
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            "null" | "NaN" | "Infinity" | "-Infinity" => Ok(Value::Null),
            _ => number(word).ok_or(Broken),
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn take_if(&mut self, wanted: u8) -> bool {
        self.skip_blanks();
        let there = self.peek() == Some(wanted);
        self.at += usize::from(there);
        there
    }

    fn expect(&mut self, wanted: u8) -> Read<()> {
        if self.take_if(wanted) { Ok(()) } else { Err(Broken) }
    }
}

/// Whole numbers stay whole; one beyond every range (`1e999`) is as little a number as `NaN`.
fn number(word: &str) -> Option<Value> {
    if !word.starts_with(|c: char| c == '-' || c.is_ascii_digit()) {
        return None;
    }
    if let Ok(sound) = serde_json::from_str::<Number>(word) {
        return Some(model::json::number(&sound.to_string()).map_or(Value::Null, Value::Number));
    }
    let float: f64 = word.parse().ok()?;
    Some(Number::from_f64(float).map_or(Value::Null, Value::Number))
}

fn into_text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}
