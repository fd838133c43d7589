//! What was put together here, by an edit, an import or a module, has the same bounds as what came from outside.

use serde_json::{Map, Value};

use super::weight::{of_member, of_number, of_text, of_value};
use super::{AROUND, Bad, DEEPEST, Fault, RESERVED};

/// Whether a document can be kept and read back. Gives the bytes of memory that it takes, about.
pub fn check(document: &Value) -> Result<usize, Bad> {
    Walk { most: DEEPEST }.value(document, 0)
}

/// The same for the members of an object that is wrapped before it becomes a request.
pub fn check_part(members: &Map<String, Value>) -> Result<usize, Bad> {
    Walk { most: DEEPEST - AROUND }.members(members, 0)
}

/// Whether a JSON pointer leads no deeper than such a part may be nested. One that does must not be followed.
pub fn leads_too_deep(pointer: &str) -> bool {
    pointer.split('/').nth(DEEPEST - AROUND).is_some()
}

struct Walk {
    /// So many levels there may be.
    most: usize,
}

impl Walk {
    /// Of a value around which there are so many levels.
    fn value(&self, value: &Value, around: usize) -> Result<usize, Bad> {
        match value {
            Value::Null | Value::Bool(_) => Ok(of_value()),
            Value::Number(_) => Ok(of_value() + of_number()),
            Value::String(text) => Ok(of_value() + of_text(text)),
            Value::Array(items) => {
                let around = self.inside(around)?;
                items.iter().try_fold(of_value(), |weight, item| Ok(weight + self.value(item, around)?))
            }
            Value::Object(members) => Ok(of_value() + self.members(members, around)?),
        }
    }

    fn members(&self, members: &Map<String, Value>, around: usize) -> Result<usize, Bad> {
        let around = self.inside(around)?;
        members.iter().try_fold(0, |weight, (name, member)| {
            if name == RESERVED {
                return Err(Bad::at_no_place(Fault::Reserved));
            }
            Ok(weight + of_member(name) + self.value(member, around)?)
        })
    }

    fn inside(&self, around: usize) -> Result<usize, Bad> {
        if around < self.most { Ok(around + 1) } else { Err(Bad::at_no_place(Fault::Deep(self.most))) }
    }
}
