//! The national number of a school (RNE, UAI): seven digits, and a letter that follows from them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};

/// The letters, by the remainder of the number.
const LETTERS: &[u8; 23] = b"ABCDEFGHJKLMNPRSTUVWXYZ";
/// Digits before the letter.
const DIGITS: usize = 7;

/// A school's number, with its letter in capitals.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Rne(String);

/// Refused: the text is no school's number. The sentence says what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRne {
    /// It is not written as one.
    #[error("a school's number (RNE) is seven digits and a letter, such as 0750655E")]
    Shape,
    /// A digit or the letter is wrong.
    #[error("the last letter does not belong to {digits}: it would be {wanted}; is a digit wrong?")]
    Letter {
        /// The digits.
        digits: String,
        /// The letter that would be right.
        wanted: char,
    },
}

impl Rne {
    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Rne {
    type Err = BadRne;

    fn from_str(text: &str) -> Result<Self, BadRne> {
        let digits = text.get(..DIGITS).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
        let letter = text.as_bytes().get(DIGITS..).filter(|rest| rest.len() == 1);
        let (Some(digits), Some([letter])) = (digits, letter) else { return Err(BadRne::Shape) };
        let letter = letter.to_ascii_uppercase();
        if !letter.is_ascii_uppercase() {
            return Err(BadRne::Shape);
        }
        let number: usize = digits.parse().map_err(|_| BadRne::Shape)?;
        let wanted = LETTERS.get(number % LETTERS.len()).copied().unwrap_or_default();
        if letter != wanted {
            return Err(BadRne::Letter { digits: digits.to_owned(), wanted: char::from(wanted) });
        }
        Ok(Rne(format!("{digits}{}", char::from(letter))))
    }
}

impl fmt::Display for Rne {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Rne {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn real_schools_have_the_letter_that_the_rule_gives() {
        for real in ["0750655E", "0750654D"] {
            assert_eq!(real.parse::<Rne>().unwrap().as_str(), real);
        }
        assert_eq!("0750655e".parse::<Rne>().unwrap().as_str(), "0750655E");
    }

    #[test]
    fn what_is_none_is_refused_with_a_sentence() {
        for odd in [
            "",
            "0750655",
            "0750655EE",
            "075065EE",
            "O750655E",
            " 0750655E",
            "0750655é",
            "٠٧٥٠٦٥٥E",
            "0750655-",
        ] {
            assert_eq!(odd.parse::<Rne>(), Err(BadRne::Shape), "{odd}");
        }
        let wrong = "0750656E".parse::<Rne>().unwrap_err();
        assert_eq!(wrong, BadRne::Letter { digits: "0750656".to_owned(), wanted: 'F' });
    }

    proptest! {
        #[test]
        fn one_letter_of_all_fits(number in 0_u32..10_000_000) {
            let fits = (b'A'..=b'Z').filter(|letter| format!("{number:07}{}", char::from(*letter)).parse::<Rne>().is_ok());
            prop_assert_eq!(fits.count(), 1);
        }

        #[test]
        fn a_wrong_digit_is_noticed(number in 0_u32..10_000_000, place in 0_usize..7, digit in 0_u8..10) {
            let letter = char::from(LETTERS[number as usize % 23]);
            let mut text = format!("{number:07}{letter}").into_bytes();
            prop_assume!(text[place] != b'0' + digit);
            text[place] = b'0' + digit;
            let text = String::from_utf8(text).unwrap();
            prop_assert!(text.parse::<Rne>().is_err());
        }
    }
}
