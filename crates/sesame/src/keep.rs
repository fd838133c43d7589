//! How many completed jobs stay in Redis. What whoever added a job says of it comes before what its source says, as
//! with BullMQ's own worker.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// In the terms of BullMQ's `keepJobs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Keep {
    /// Seconds; `None` = however old they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) age: Option<u64>,
    /// 0 = the job itself is removed as it is completed; less, or `None` = however many there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) count: Option<i64>,
}

impl Keep {
    /// What a job's options, a JSON text, say with `removeOnComplete`.
    pub(crate) fn of_job(options: &str) -> Option<Keep> {
        let options: Value = model::json::read(options.as_bytes()).ok()?;
        let count = |count| Keep { age: None, count: Some(count) };
        match options.get("removeOnComplete")? {
            Value::Bool(removed) => Some(count(if *removed { 0 } else { -1 })),
            Value::Number(number) => number.as_i64().map(count),
            object @ Value::Object(_) => {
                let number = |name| object.get(name).and_then(Value::as_i64);
                let age = number("age").and_then(|age| u64::try_from(age).ok());
                Some(Keep { age, count: number("count") })
            }
            _ => None,
        }
    }

    /// Whether a job is gone as soon as it is completed.
    pub(crate) fn removes(self) -> bool {
        self.count == Some(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_says_how_long_it_stays() {
        let keep = |age, count| Some(Keep { age, count });
        for (options, expected) in [
            (r#"{"attempts": 1}"#, None),
            (r#"{"removeOnComplete": true}"#, keep(None, Some(0))),
            (r#"{"removeOnComplete": false}"#, keep(None, Some(-1))),
            (r#"{"removeOnComplete": 100}"#, keep(None, Some(100))),
            (r#"{"removeOnComplete": {"count": 5, "age": 60}}"#, keep(Some(60), Some(5))),
            (r#"{"removeOnComplete": {"age": 3600}}"#, keep(Some(3600), None)),
            (r#"{"removeOnComplete": "soon"}"#, None),
            ("no JSON", None),
        ] {
            assert_eq!(Keep::of_job(options), expected, "{options}");
        }
    }
}
