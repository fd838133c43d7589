//! Which column, attribute or member of a file becomes which member of a document: a YAML file.
//!
//! ```yaml
//! key: [employeeNumber, employeeType]   # by what identities are told apart
//! separator: ";"                        # of CSV; without it the heading is looked at
//! fields:
//!   uid: LOGIN                          # a bare name is a member of inetOrgPerson
//!   cn: "{NOM} {PRENOM}"                # names in braces are put into a text
//!   /additionalFields/attributes/supannPerson/supannAutreMail: MAIL_PERSO
//! constants:
//!   employeeType: TAIGA
//! lists: [departmentNumber]             # members that hold all values, and not only the first
//! ```

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use model::json::{leads_too_deep, quoted};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::Cells;
use crate::document::is_own;

/// The members that LDAP knows under `inetOrgPerson`, as Sesame's orchestrator writes them.
const PERSON: [&str; 19] = [
    "cn",
    "displayName",
    "facsimileTelephoneNumber",
    "givenName",
    "labeledURI",
    "mail",
    "mobile",
    "postalAddress",
    "preferredLanguage",
    "sn",
    "telephoneNumber",
    "title",
    "uid",
    "employeeNumber",
    "employeeType",
    "departmentNumber",
    "jpegPhoto",
    "userCertificate",
    "initials",
];
/// What a bare name begins with when it is written as a pointer.
const BARE: &str = "/inetOrgPerson/";
/// The places of a record are not longer together, in levels: each level may become an object of its own.
const LEVELS: usize = 50_000;
/// What columns without a mapping may be called beside members of `inetOrgPerson`.
const TOP: [&str; 5] = ["_id", "state", "lifecycle", "initState", "customFields"];

/// Says what becomes what. The default takes documents as they are, and columns by their names.
#[derive(Clone, Debug, PartialEq)]
pub struct Mapping {
    /// The members by which identities are told apart that bring no `_id`: JSON pointers.
    pub key: Vec<String>,
    /// What stands between two cells of a table.
    pub separator: Option<u8>,
    /// Where each member comes from; `None` = by its name.
    fields: Option<Vec<(String, Vec<Part>)>>,
    constants: Vec<(String, Value)>,
    lists: HashSet<String>,
}

/// The values of a record, by what they are to be; in the order in which each first came.
struct Grouped<'c>(Vec<(String, Vec<&'c Value>)>);

/// A part of a text.
#[derive(Clone, Debug, PartialEq)]
enum Part {
    Text(String),
    /// The value of this column.
    Column(String),
}

/// Why a mapping cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the mapping cannot be used: {0}")]
pub struct BadMapping(pub String);

/// The file as it is written.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Written {
    key: Option<Vec<String>>,
    separator: Option<String>,
    fields: Option<BTreeMap<String, String>>,
    constants: BTreeMap<String, Value>,
    lists: Vec<String>,
}

impl Default for Mapping {
    fn default() -> Self {
        Mapping {
            key: vec![format!("{BARE}uid")],
            separator: None,
            fields: None,
            constants: Vec::new(),
            lists: HashSet::new(),
        }
    }
}

impl Mapping {
    /// Reads a mapping file. One that is empty is the default.
    pub fn parse(text: &str) -> Result<Self, BadMapping> {
        let written: Option<Written> =
            serde_saphyr::from_str(text).map_err(|error| BadMapping(error.to_string()))?;
        let Written { key, separator, fields, constants, lists } = written.unwrap_or_default();
        let separator = match separator.as_deref().map(str::as_bytes) {
            None => None,
            Some([byte]) => Some(*byte),
            Some(_) => return Err(BadMapping("separator must be one character, such as \";\"".to_owned())),
        };
        let key = match key {
            None => Mapping::default().key,
            Some(key) if key.is_empty() => {
                return Err(BadMapping("key names no member: leave it out, or name one".to_owned()));
            }
            Some(key) => key.iter().map(|name| pointer(name)).collect::<Result<_, _>>()?,
        };
        let field = |(name, from): (String, String)| Ok((pointer(&name)?, parts(&from)?));
        let fields =
            fields.map(|fields| fields.into_iter().map(field).collect::<Result<Vec<_>, _>>()).transpose()?;
        let constants = constants.into_iter().map(|(name, value)| Ok((pointer(&name)?, value)));
        let constants = constants.collect::<Result<Vec<_>, _>>()?;
        let places = || {
            fields.iter().flatten().map(|(place, _)| place).chain(constants.iter().map(|(place, _)| place))
        };
        if places().map(|place| place.matches('/').count()).sum::<usize>() > LEVELS {
            return Err(BadMapping("its places lead too deep, all together".to_owned()));
        }
        let lists = lists.iter().map(|name| pointer(name)).collect::<Result<_, _>>()?;
        Ok(Mapping { key, separator, fields, constants, lists })
    }

    /// Which of its columns a table does not have.
    pub(super) fn lacks(&self, heading: &[Arc<str>]) -> Vec<&str> {
        let parts = self.fields.iter().flatten().flat_map(|(_, parts)| parts);
        let named = parts.filter_map(|part| match part {
            Part::Column(name) => Some(name.as_str()),
            Part::Text(_) => None,
        });
        let there: HashSet<String> = heading.iter().map(|name| name.to_ascii_lowercase()).collect();
        let lacking: BTreeSet<&str> =
            named.filter(|name| !there.contains(&name.to_ascii_lowercase())).collect();
        lacking.into_iter().collect()
    }

    /// Whether a table says of anybody who it is: by an id, or by all that identities are told apart by.
    pub(super) fn tells_apart(&self, heading: &[Arc<str>]) -> bool {
        let says = |place: &str| match &self.fields {
            Some(fields) => fields.iter().any(|(known, _)| known == place),
            None => heading.iter().any(|name| known(name).as_deref() == Some(place)),
        };
        let says = |place: &String| says(place) || self.constants.iter().any(|(known, _)| known == place);
        says(&"/_id".to_owned()) || self.key.iter().all(says)
    }

    /// Which columns of a table become nothing although nobody said what each becomes.
    pub(super) fn unknown(&self, heading: &[Arc<str>]) -> Vec<String> {
        let unknown = |name: &&Arc<str>| !name.is_empty() && known(name).is_none() && !is_own(name);
        let names = heading.iter().filter(|_| self.fields.is_none()).filter(unknown);
        names.map(ToString::to_string).collect()
    }

    /// The document that a record becomes.
    pub(super) fn document(&self, cells: Cells) -> Result<Value, String> {
        let mut document = match (cells, &self.fields) {
            (Cells::Document(document), None) => document,
            (Cells::Flat(cells), None) => self.by_name(&cells)?,
            (Cells::Document(document), Some(fields)) => {
                let look = |name: &str| {
                    if name.starts_with('/') { document.pointer(name) } else { document.get(name) }
                };
                self.by_field(fields, |name| look(name).into_iter().collect())?
            }
            (Cells::Flat(cells), Some(fields)) => {
                let grouped = Grouped::of(&cells, |name| Some(name.to_ascii_lowercase()));
                let by_name: HashMap<_, _> = grouped.0.into_iter().collect();
                let look = |name: &str| by_name.get(&name.to_ascii_lowercase()).cloned().unwrap_or_default();
                self.by_field(fields, look)?
            }
        };
        for (pointer, value) in &self.constants {
            put(&mut document, pointer, value.clone());
        }
        Ok(document)
    }

    fn by_field<'c>(
        &self,
        fields: &[(String, Vec<Part>)],
        values: impl Fn(&str) -> Vec<&'c Value>,
    ) -> Result<Value, String> {
        let mut document = Value::Object(Map::new());
        for (pointer, parts) in fields {
            let value = match parts.as_slice() {
                [Part::Column(name)] => self.several(pointer, &values(name)),
                parts => Some(Value::from(put_together(parts, &values)?)),
            };
            if let Some(value) = value {
                put(&mut document, pointer, value);
            }
        }
        Ok(document)
    }

    /// Columns by their names: pointers, members of `inetOrgPerson`, or with dots, `inetOrgPerson.uid`.
    fn by_name(&self, cells: &[(Arc<str>, Value)]) -> Result<Value, String> {
        let mut document = Value::Object(Map::new());
        let mut levels = 0;
        for (target, values) in Grouped::of(cells, known).0 {
            levels += target.matches('/').count();
            if leads_too_deep(&target) || levels > LEVELS {
                return Err(format!("its {} leads too deep", quoted(&target)));
            }
            if let Some(value) = self.several(&target, &values) {
                put(&mut document, &target, value);
            }
        }
        Ok(document)
    }

    /// All values of a list, the first one otherwise.
    fn several(&self, pointer: &str, values: &[&Value]) -> Option<Value> {
        if !self.lists.contains(pointer) {
            // An empty value is none where there is another one.
            let empty = |value: &&&Value| value.as_str().is_some_and(|text| text.trim().is_empty());
            let value = values.iter().find(|value| !empty(value)).or(values.first());
            return value.map(|value| (*value).clone());
        }
        let all = values.iter().flat_map(|value| match value {
            Value::Array(items) => items.clone(),
            Value::String(text) if text.is_empty() => Vec::new(),
            other => vec![(*other).clone()],
        });
        Some(all.collect())
    }
}

impl<'c> Grouped<'c> {
    /// What `target` does not know is left out. Each value is looked at once, however many there are.
    fn of(cells: &'c [(Arc<str>, Value)], target: impl Fn(&str) -> Option<String>) -> Self {
        let mut groups: Vec<(String, Vec<&Value>)> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        for (name, value) in cells {
            let Some(target) = target(name) else { continue };
            let place = match places.entry(target) {
                Entry::Occupied(known) => *known.get(),
                Entry::Vacant(new) => {
                    groups.push((new.key().clone(), Vec::new()));
                    *new.insert(groups.len() - 1)
                }
            };
            if let Some((_, values)) = groups.get_mut(place) {
                values.push(value);
            }
        }
        Grouped(groups)
    }
}

/// A name as a JSON pointer.
fn pointer(name: &str) -> Result<String, BadMapping> {
    let pointer = if name.starts_with('/') { name.to_owned() } else { format!("{BARE}{name}") };
    if leads_too_deep(&pointer) {
        return Err(BadMapping(format!("{} leads too deep", quoted(name))));
    }
    Ok(pointer)
}

/// A pointer as a person would write it.
pub(crate) fn short(pointer: &str) -> &str {
    pointer.strip_prefix(BARE).unwrap_or(pointer)
}

/// Where a column without a mapping goes; `None` = nowhere.
fn known(name: &str) -> Option<String> {
    if name.starts_with('/') {
        return Some(name.to_owned());
    }
    if name.contains('.') {
        // `N. tel.` is an abbreviation.
        let leads = name.split('.').all(|part| !part.is_empty() && !part.contains(char::is_whitespace));
        return leads.then(|| format!("/{}", name.replace('.', "/")));
    }
    if let Some(top) = TOP.into_iter().find(|top| *top == name) {
        return Some(format!("/{top}"));
    }
    let member = PERSON.into_iter().find(|member| member.eq_ignore_ascii_case(name))?;
    Some(format!("{BARE}{member}"))
}

/// `{NOM} {PRENOM}`, or the name of a column.
fn parts(text: &str) -> Result<Vec<Part>, BadMapping> {
    if !text.contains('{') {
        return Ok(vec![Part::Column(text.to_owned())]);
    }
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, end) =
            after.split_once('}').ok_or_else(|| BadMapping(format!("{text:?} has a {{ without a }}")))?;
        parts.push(Part::Text(before.to_owned()));
        parts.push(Part::Column(name.trim().to_owned()));
        rest = end;
    }
    parts.push(Part::Text(rest.to_owned()));
    Ok(parts)
}

fn put_together<'c>(parts: &[Part], values: &impl Fn(&str) -> Vec<&'c Value>) -> Result<String, String> {
    let mut text = String::new();
    for part in parts {
        match part {
            Part::Text(part) => text.push_str(part),
            Part::Column(name) => match values(name).first() {
                None | Some(Value::Null) => {}
                Some(Value::String(value)) => text.push_str(value),
                Some(Value::Number(value)) => text.push_str(&value.to_string()),
                Some(_) => return Err(format!("its {name} is neither text nor number")),
            },
        }
    }
    Ok(text.trim().to_owned())
}

/// Sets what a pointer leads to; objects on the way are made, and what is in the way gives way.
fn put(document: &mut Value, pointer: &str, value: Value) {
    let mut place = document;
    for name in pointer.split('/').skip(1) {
        let name = name.replace("~1", "/").replace("~0", "~");
        if !place.is_object() {
            *place = Value::Object(Map::new());
        }
        let Value::Object(members) = place else { return };
        place = members.entry(name).or_insert(Value::Null);
    }
    *place = value;
}
