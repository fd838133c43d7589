//! Licence expressions (SPDX): `MIT OR (Apache-2.0 WITH LLVM-exception AND ISC)`.

/// Whether what is allowed is enough for this expression. One that cannot be read is not.
pub(super) fn holds(expression: &str, allowed: &dyn Fn(&str) -> bool) -> bool {
    // The way in which it was written before there were expressions.
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let mut words = Words { rest: spaced.split_whitespace().collect(), allowed };
    let held = words.either();
    held == Some(true) && words.rest.is_empty()
}

/// What is left to read.
struct Words<'a> {
    rest: Vec<&'a str>,
    allowed: &'a dyn Fn(&str) -> bool,
}

impl<'a> Words<'a> {
    fn either(&mut self) -> Option<bool> {
        let mut held = self.both()?;
        while self.take("OR") {
            held |= self.both()?;
        }
        Some(held)
    }

    fn both(&mut self) -> Option<bool> {
        let mut held = self.one()?;
        while self.take("AND") {
            held &= self.one()?;
        }
        Some(held)
    }

    fn one(&mut self) -> Option<bool> {
        if self.take("(") {
            let held = self.either()?;
            return self.take(")").then_some(held);
        }
        let licence = self.next()?;
        if self.take("WITH") {
            let exception = self.next()?;
            return Some((self.allowed)(&format!("{licence} WITH {exception}")));
        }
        Some((self.allowed)(licence))
    }

    fn next(&mut self) -> Option<&'a str> {
        (!self.rest.is_empty()).then(|| self.rest.remove(0))
    }

    fn take(&mut self, word: &str) -> bool {
        let there = self.rest.first() == Some(&word);
        if there {
            self.rest.remove(0);
        }
        there
    }
}

#[cfg(test)]
mod tests {
    use super::holds;

    #[test]
    fn expressions_are_judged() {
        let allowed = |licence: &str| ["MIT", "ISC", "A WITH e"].contains(&licence);
        for (expression, expected) in [
            ("MIT", true),
            ("GPL", false),
            ("GPL OR MIT", true),
            ("GPL/MIT", true),
            ("GPL AND MIT", false),
            ("MIT AND ISC", true),
            ("GPL OR MIT AND ISC", true),
            ("(GPL OR MIT) AND ISC", true),
            ("(GPL OR MIT) AND GPL", false),
            ("A WITH e OR GPL", true),
            ("A", false),
            ("(MIT", false),
            ("MIT ISC", false),
            ("MIT OR", false),
            ("", false),
        ] {
            assert_eq!(holds(expression, &allowed), expected, "{expression}");
        }
    }
}
