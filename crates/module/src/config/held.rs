//! The sections of modules, held by those who do not know them.

use std::any::Any;
use std::fmt::{self, Debug};
use std::path::{Path, PathBuf};

use serde::de::{DeserializeOwned, Error as _, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::named::Named;
use super::section::{self, Key, Section};

/// A key that says what cannot be, and a sentence about it.
pub type Unfit = (String, String);

/// A section at the root of the file.
pub trait Root: Section + DeserializeOwned + Clone + PartialEq + Debug + Send + Sync + 'static {
    /// Its name.
    const NAME: &'static str;

    /// Gives the paths that nobody gave.
    fn fill(&mut self, _homes: &Homes) {}

    /// Reads what the file only names, and checks what belongs together. Paths are complete.
    fn complete(&mut self) -> Result<(), Unfit> {
        Ok(())
    }
}

/// Where things are when nobody says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Homes {
    /// The data folder.
    pub data: PathBuf,
    /// The hub stands in the place of an older program, which had places of its own.
    pub stands_in: bool,
}

/// One of several of a kind, each under a name that the administrator chose: [`Named`] of it is a section at the root.
pub trait Instance: Section + DeserializeOwned + Clone + PartialEq + Debug + Send + Sync + 'static {
    /// The name of the section in which they stand.
    const SECTION: &'static str;

    /// As [`Root::complete`]; the key is as seen from here.
    fn complete(&mut self) -> Result<(), Unfit> {
        Ok(())
    }
}

impl<S: Instance> Root for Named<S> {
    const NAME: &'static str = S::SECTION;

    fn complete(&mut self) -> Result<(), Unfit> {
        for (name, section) in &mut self.0 {
            section.complete().map_err(|(key, why)| (format!("{}.{name}.{key}", S::SECTION), why))?;
        }
        Ok(())
    }
}

/// A section that a module declares.
#[derive(Clone, Copy)]
pub struct SectionKind {
    /// Its name.
    pub name: &'static str,
    /// Its keys that are read at start only; `NAME` stands for the names of instances.
    pub cold: &'static [&'static str],
    /// What counts, because of it, for keys of the hub's own sections when nobody says anything: each with its value as it
    /// would be written in the file.
    pub elsewhere: &'static [(&'static str, &'static str)],
    keys: fn() -> Vec<Key>,
    empty: fn() -> Box<dyn Held>,
    read: fn(&str) -> Parsed,
}

/// A section, if the text has it.
type Parsed = Result<Option<Box<dyn Held>>, serde_saphyr::Error>;

impl SectionKind {
    /// The section that is read as `S`.
    pub fn of<S: Root>(cold: &'static [&'static str]) -> Self {
        SectionKind {
            name: S::NAME,
            cold,
            elsewhere: &[],
            keys: S::keys,
            empty: || Box::new(S::default()),
            read: |text| {
                let Only(section) = serde_saphyr::from_str_with_options(text, section::options())?;
                Ok(section.map(|section: S| Box::new(section) as Box<dyn Held>))
            },
        }
    }

    /// With what counts, because of it, elsewhere.
    #[must_use]
    pub fn with_elsewhere(self, elsewhere: &'static [(&'static str, &'static str)]) -> Self {
        SectionKind { elsewhere, ..self }
    }

    /// Its keys with their whole names.
    pub fn keys(&self) -> Vec<Key> {
        let whole = |key: Key| Key { name: format!("{}.{}", self.name, key.name), ..key };
        (self.keys)().into_iter().map(whole).collect()
    }

    /// The whole names of those that are read at start only.
    pub fn cold_keys(&self) -> Vec<String> {
        self.cold.iter().map(|key| format!("{}.{key}", self.name)).collect()
    }
}

/// One section of a file; all others are passed over.
struct Only<S>(Option<S>);

impl<'de, S: Root> Deserialize<'de> for Only<S> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Search<S>(std::marker::PhantomData<S>);
        impl<'de, S: Root> Visitor<'de> for Search<S> {
            type Value = Only<S>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a configuration")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Only<S>, A::Error> {
                /// Reads it with the rule for sections.
                struct There<S>(S);
                impl<'de, S: Root> Deserialize<'de> for There<S> {
                    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                        section::read(deserializer).map(There)
                    }
                }
                let mut found = None;
                while let Some(name) = members.next_key::<String>()? {
                    if name != S::NAME {
                        members.next_value::<IgnoredAny>()?;
                    } else if found.replace(members.next_value::<There<S>>()?.0).is_some() {
                        return Err(A::Error::custom(format!("{name} is given twice: remove one of them")));
                    }
                }
                Ok(Only(found))
            }

            fn visit_unit<E>(self) -> Result<Only<S>, E> {
                Ok(Only(None))
            }
        }
        deserializer.deserialize_any(Search(std::marker::PhantomData))
    }
}

/// A section, whatever it is.
trait Held: Debug + Send + Sync {
    fn name(&self) -> &'static str;
    fn values(&self) -> Vec<(String, String)>;
    fn set(&mut self, key: &str, text: &str) -> Result<(), String>;
    fn anchor(&mut self, folder: &Path);
    fn fill(&mut self, homes: &Homes);
    fn complete(&mut self) -> Result<(), Unfit>;
    fn copy(&self) -> Box<dyn Held>;
    fn as_any(&self) -> &dyn Any;
    fn as_any_mut(&mut self) -> &mut dyn Any;
}

impl<S: Root> Held for S {
    fn name(&self) -> &'static str {
        S::NAME
    }
    fn values(&self) -> Vec<(String, String)> {
        Section::values(self)
    }
    fn set(&mut self, key: &str, text: &str) -> Result<(), String> {
        Section::set(self, key, text)
    }
    fn anchor(&mut self, folder: &Path) {
        Section::anchor(self, folder);
    }
    fn fill(&mut self, homes: &Homes) {
        Root::fill(self, homes);
    }
    fn complete(&mut self) -> Result<(), Unfit> {
        Root::complete(self)
    }
    fn copy(&self) -> Box<dyn Held> {
        Box::new(self.clone())
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}

/// The sections of all modules.
#[derive(Debug, Default)]
pub struct Sections(Vec<Box<dyn Held>>);

impl Clone for Sections {
    fn clone(&self) -> Self {
        Sections(self.0.iter().map(|section| section.copy()).collect())
    }
}

impl Sections {
    /// With the defaults of each.
    pub fn defaults(kinds: &[SectionKind]) -> Self {
        Sections(kinds.iter().map(|kind| (kind.empty)()).collect())
    }

    /// Those of a file's text; what is not there has its defaults.
    ///
    /// # Errors
    /// What the text says is not understood.
    pub fn read(kinds: &[SectionKind], text: &str) -> Result<Self, serde_saphyr::Error> {
        let section = |kind: &SectionKind| Ok((kind.read)(text)?.unwrap_or_else(kind.empty));
        kinds.iter().map(section).collect::<Result<_, _>>().map(Sections)
    }

    /// A module's own; the defaults where nobody declared it.
    pub fn get<S: Root>(&self) -> S {
        self.0.iter().find_map(|section| section.as_any().downcast_ref::<S>()).cloned().unwrap_or_default()
    }

    /// A module's own, to be changed; `None` = nobody declared it.
    pub fn get_mut<S: Root>(&mut self) -> Option<&mut S> {
        self.0.iter_mut().find_map(|section| section.as_any_mut().downcast_mut::<S>())
    }

    /// Puts one in its place.
    pub fn put<S: Root>(&mut self, section: S) {
        match self.get_mut::<S>() {
            Some(own) => *own = section,
            None => self.0.push(Box::new(section)),
        }
    }

    /// Puts each of these in its place.
    pub fn replace_by(&mut self, others: Sections) {
        for other in others.0 {
            match self.0.iter_mut().find(|own| own.name() == other.name()) {
                Some(own) => *own = other,
                None => self.0.push(other),
            }
        }
    }

    /// Every key with its value as it would be written in the file.
    pub fn values(&self) -> Vec<(String, String)> {
        let of = |section: &dyn Held| {
            let name = section.name();
            section.values().into_iter().map(move |(key, value)| (format!("{name}.{key}"), value))
        };
        self.0.iter().flat_map(|section| of(&**section)).collect()
    }

    /// Sets a key; `None` = it is in none of them.
    pub fn set(&mut self, key: &str, text: &str) -> Option<Result<(), String>> {
        let (name, key) = key.split_once('.')?;
        self.0.iter_mut().find(|section| section.name() == name).map(|section| section.set(key, text))
    }

    /// Makes relative paths start from a folder.
    pub fn anchor(&mut self, folder: &Path) {
        self.0.iter_mut().for_each(|section| section.anchor(folder));
    }

    /// Gives the paths that nobody gave.
    pub fn fill(&mut self, homes: &Homes) {
        self.0.iter_mut().for_each(|section| section.fill(homes));
    }

    /// Reads what the file only names, and checks what belongs together.
    pub fn complete(&mut self) -> Result<(), Unfit> {
        self.0.iter_mut().try_for_each(|section| section.complete())
    }
}
