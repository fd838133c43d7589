//! The smallest parts of encoded texts, and what each stands for.

/// So many signs of one kind are taken as one unit.
const MOST: usize = 4;

/// What the HTML entities of Latin-1's letters and signs are called, from U+00A0 on.
const LATIN1: &[&str] = &[
    "nbsp", "iexcl", "cent", "pound", "curren", "yen", "brvbar", "sect", "uml", "copy", "ordf", "laquo",
    "not", "shy", "reg", "macr", "deg", "plusmn", "sup2", "sup3", "acute", "micro", "para", "middot",
    "cedil", "sup1", "ordm", "raquo", "frac14", "frac12", "frac34", "iquest", "Agrave", "Aacute", "Acirc",
    "Atilde", "Auml", "Aring", "AElig", "Ccedil", "Egrave", "Eacute", "Ecirc", "Euml", "Igrave", "Iacute",
    "Icirc", "Iuml", "ETH", "Ntilde", "Ograve", "Oacute", "Ocirc", "Otilde", "Ouml", "times", "Oslash",
    "Ugrave", "Uacute", "Ucirc", "Uuml", "Yacute", "THORN", "szlig", "agrave", "aacute", "acirc", "atilde",
    "auml", "aring", "aelig", "ccedil", "egrave", "eacute", "ecirc", "euml", "igrave", "iacute", "icirc",
    "iuml", "eth", "ntilde", "ograve", "oacute", "ocirc", "otilde", "ouml", "divide", "oslash", "ugrave",
    "uacute", "ucirc", "uuml", "yacute", "thorn", "yuml",
];

/// Other entities that are in use.
const NAMED: &[(&str, char)] = &[
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("euro", '€'),
    ("oelig", 'œ'),
    ("OElig", 'Œ'),
    ("lsquo", '‘'),
    ("rsquo", '’'),
    ("ldquo", '“'),
    ("rdquo", '”'),
];

/// A part of a text that stands for at most four bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unit {
    bytes: [u8; MOST],
    count: usize,
    /// How many bytes it takes.
    pub(super) length: usize,
}

impl Unit {
    pub(super) fn stands_for(&self) -> &[u8] {
        self.bytes.get(..self.count).unwrap_or_default()
    }

    fn nothing(length: usize) -> Self {
        Unit { bytes: [0; MOST], count: 0, length }
    }

    fn byte(byte: u8, length: usize) -> Self {
        Unit { bytes: [byte, 0, 0, 0], count: 1, length }
    }

    fn character(code: u32, length: usize) -> Option<Self> {
        let mut bytes = [0; MOST];
        let count = char::from_u32(code)?.encode_utf8(&mut bytes).len();
        Some(Unit { bytes, count, length })
    }
}

/// `\"`, `\n`, `\u00e9`, `\u{e9}`, `\U0001f600`, `\xe9`, `\303`, `\$`.
pub(super) fn escape(text: &[u8]) -> Option<Unit> {
    let (letter, rest) = text.get(1..)?.split_first()?;
    let byte = match letter {
        b'u' if rest.first() == Some(&b'{') => return braced(rest),
        b'u' => return unicode(text),
        b'U' => return Unit::character(hex(rest, 8)?, 10),
        b'x' => return Some(Unit::byte(u8::try_from(hex(rest, 2)?).ok()?, 4)),
        b'0'..=b'3' => return octal(text),
        b'a' => 0x07,
        b'b' => 0x08,
        b'e' | b'E' => 0x1b,
        b'f' => 0x0c,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 0x0b,
        sign if is_sign(*sign) => *sign,
        _ => return None,
    };
    Some(Unit::byte(byte, 2))
}

/// `\2a`, `\,`.
pub(super) fn ldap(text: &[u8]) -> Option<Unit> {
    let rest = text.get(1..)?;
    match hex(rest, 2) {
        Some(code) => Some(Unit::byte(u8::try_from(code).ok()?, 3)),
        None => rest.first().filter(|sign| is_sign(**sign)).map(|sign| Unit::byte(*sign, 2)),
    }
}

/// `'\''`, `'"'"'` and the like: an apostrophe, or a quotation mark, out of what it would end.
pub(super) fn quotes(text: &[u8]) -> Option<Unit> {
    let (outer, rest) = text.split_first()?;
    if let [b'\\', inner, last, ..] = rest
        && inner == outer
        && last == outer
    {
        return Some(Unit::byte(*outer, 4));
    }
    let (between, rest) = rest.split_first()?;
    if between == outer || !matches!(between, b'\'' | b'"') {
        return None;
    }
    let count = rest.iter().take(MOST).take_while(|sign| *sign == outer).count();
    let ends = count > 0 && rest.get(count..)?.starts_with(&[*between, *outer]);
    ends.then_some(Unit { bytes: [*outer; MOST], count, length: count + 4 })
}

/// `%41`, `%u00e9`, and `+` for a blank.
pub(super) fn percent(text: &[u8]) -> Option<Unit> {
    match text {
        [b'+', ..] => Some(Unit::byte(b' ', 1)),
        [_, b'u', rest @ ..] => Unit::character(hex(rest, 4)?, 6),
        [_, rest @ ..] => Some(Unit::byte(u8::try_from(hex(rest, 2)?).ok()?, 3)),
        [] => None,
    }
}

/// `&amp;`, `&eacute;`, `&#39;`, `&#x27;`.
pub(super) fn entity(text: &[u8]) -> Option<Unit> {
    /// No entity that is known is longer.
    const LONGEST: usize = 12;
    let end = text.iter().take(LONGEST).position(|b| *b == b';')?;
    let name = String::from_utf8_lossy(text.get(1..end)?);
    let code = match name.strip_prefix('#').map(|digits| digits.strip_prefix(['x', 'X']).ok_or(digits)) {
        Some(Ok(digits)) => u32::from_str_radix(digits, 16).ok()?,
        Some(Err(digits)) => digits.parse().ok()?,
        None => named(&name)?,
    };
    Unit::character(code, end + 1)
}

fn named(name: &str) -> Option<u32> {
    let other = || NAMED.iter().find(|(known, _)| *known == name).map(|(_, character)| u32::from(*character));
    let latin1 = LATIN1.iter().zip(0xa0..).find(|(known, _)| **known == name);
    latin1.map(|(_, code)| code).or_else(other)
}

/// `=C3`, and a line that goes on.
pub(super) fn printable(text: &[u8]) -> Option<Unit> {
    match text {
        [_, b'\n', ..] => Some(Unit::nothing(2)),
        [_, b'\r', b'\n', ..] => Some(Unit::nothing(3)),
        [_, rest @ ..] => Some(Unit::byte(u8::try_from(hex(rest, 2)?).ok()?, 3)),
        [] => None,
    }
}

/// A line end, and one blank after it.
pub(super) fn fold(text: &[u8]) -> Option<Unit> {
    match text {
        [b'\r', b'\n', b' ' | b'\t', ..] => Some(Unit::nothing(3)),
        [b'\r', b'\n', ..] | [b'\n', b' ' | b'\t', ..] => Some(Unit::nothing(2)),
        [b'\n', ..] => Some(Unit::nothing(1)),
        _ => None,
    }
}

/// What stands before one, two or four bytes of a hexadecimal dump.
pub(super) fn between(text: &[u8]) -> Option<Unit> {
    let rest = text.get(1..)?;
    let rest = rest.strip_prefix(b" ").unwrap_or(rest);
    let rest = rest.strip_prefix(b"0x").unwrap_or(rest);
    let digits = rest.iter().take(9).take_while(|b| b.is_ascii_hexdigit()).count();
    let ends = rest.get(digits).is_none_or(|next| !next.is_ascii_alphanumeric());
    (ends && matches!(digits, 2 | 4 | 8)).then(|| Unit::nothing(text.len() - rest.len()))
}

/// `\u00e9`, or a pair of surrogates.
fn unicode(text: &[u8]) -> Option<Unit> {
    let first = hex(text.get(2..)?, 4)?;
    match (first, text.get(6..)) {
        (0xd800..=0xdbff, Some([b'\\', b'u', rest @ ..])) => {
            let second = hex(rest, 4)?.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
            Unit::character(0x10000 + ((first - 0xd800) << 10) + second, 12)
        }
        _ => Unit::character(first, 6),
    }
}

/// `\303`, and `\0` alone.
fn octal(text: &[u8]) -> Option<Unit> {
    let digits = text.get(1..)?;
    match number(digits, 3, 8) {
        Some(code) => Some(Unit::byte(u8::try_from(code).ok()?, 4)),
        None => digits.starts_with(b"0").then(|| Unit::byte(0, 2)),
    }
}

/// `\u{e9}`, from its brace on.
fn braced(text: &[u8]) -> Option<Unit> {
    let digits = text.iter().take(8).position(|b| *b == b'}')?.checked_sub(1).filter(|count| *count > 0)?;
    Unit::character(hex(text.get(1..)?, digits)?, digits + 4)
}

fn is_sign(byte: u8) -> bool {
    byte.is_ascii_punctuation() || byte == b' '
}

/// The number written in so many hexadecimal digits.
fn hex(text: &[u8], digits: usize) -> Option<u32> {
    number(text, digits, 16)
}

fn number(text: &[u8], digits: usize, base: u32) -> Option<u32> {
    text.get(..digits)?.iter().try_fold(0_u32, |number, digit| {
        number.checked_mul(base)?.checked_add(char::from(*digit).to_digit(base)?)
    })
}
