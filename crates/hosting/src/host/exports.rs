//! What can be downloaded: exports of schools that are gone, and the programs that schools install.

use std::path::{Path, PathBuf};

use engine::port::BoxFuture;
use http::file::SentFile;
use http::{Params, Query, Time};
use jiff::Timestamp;
use model::Effects;
use ring::digest::{Context, SHA256};
use tokio::fs::File;
use tokio::io::AsyncReadExt as _;

use super::Host;
use crate::api::{ClientDownload, Download};
use crate::error::Error;
use crate::establishment::{Content, Establishment, Export, ExportFile};
use crate::rne::Rne;
use crate::settings::ClientProgram;
use crate::values::Version;

/// Where clients are answered.
const ROOT: &str = "/hosting/v1";
/// Links to programs are good for so long.
const PROGRAM: jiff::SignedDuration = jiff::SignedDuration::from_hours(24);
/// Bytes that are read at once.
const PIECE: usize = 256 << 10;
/// Purposes of signatures.
const EXPORT: &str = "download";
const INSTALL: &str = "program";

/// A signed link as somebody follows it.
#[derive(Clone, Debug)]
pub struct Link {
    what: Linked,
    signature: String,
}

#[derive(Clone, Debug)]
enum Linked {
    Export { rne: Rne, era: u64, name: String },
    Program { version: Version, system: String },
}

impl Link {
    /// One to an exported file; `None` = it cannot be one.
    pub fn of_export(rne: &str, name: &str, mut params: Params) -> Option<Self> {
        let era = params.value("era", "a number").ok()??;
        let signature = params.one("signature").ok()??;
        let what = Linked::Export { rne: rne.parse().ok()?, era, name: name.to_owned() };
        Some(Link { what, signature })
    }

    /// One to a program; `None` = it cannot be one.
    pub fn of_program(version: &str, system: &str, mut params: Params) -> Option<Self> {
        let version = Version::ALL.into_iter().find(|known| known.as_str() == version)?;
        let signature = params.one("signature").ok()??;
        Some(Link { what: Linked::Program { version, system: system.to_owned() }, signature })
    }

    fn parts(&self) -> (&'static str, Vec<String>) {
        match &self.what {
            Linked::Export { rne, era, name } => {
                (EXPORT, vec![rne.to_string(), era.to_string(), name.clone()])
            }
            Linked::Program { version, system } => {
                (INSTALL, vec![version.as_str().to_owned(), system.clone()])
            }
        }
    }
}

impl Host {
    /// What a school that is gone has left, with a signed link to each file.
    pub async fn downloads(&self, of: &Establishment) -> Result<Vec<Download>, Error> {
        let Some(export) = of.last_export() else { return Ok(Vec::new()) };
        let signer = self.signer().await?;
        let expires_at = export.at.checked_add(self.settings.retention).unwrap_or(Timestamp::MAX);
        let link = |file: &ExportFile| {
            let (rne, era) = (of.rne.as_str(), export.era.to_string());
            let signature = signer.sign(EXPORT, &[rne, &era, &file.name], expires_at);
            let mut query =
                Query::new(format!("{ROOT}/establishments/{rne}/downloads/{}", in_path(&file.name)));
            query.add("era", Some(era));
            query.add("signature", Some(signature));
            Download {
                name: file.name.clone(),
                size: file.content.as_ref().map(|content| content.size),
                sha256: file.content.as_ref().map(|content| content.sha256.clone()),
                url: self.whole(&query.finish()),
                expires_at: Time(expires_at),
            }
        };
        Ok(export.files.iter().map(link).collect())
    }

    /// The programs that schools with this server install.
    pub async fn programs(&self, of: Version) -> Result<Vec<ClientDownload>, Error> {
        let mut all = Vec::new();
        for program in self.settings.clients.iter().filter(|program| program.version == of) {
            all.push(self.program(program).await?);
        }
        Ok(all)
    }

    async fn program(&self, program: &ClientProgram) -> Result<ClientDownload, Error> {
        let ClientProgram { version, system, place } = program;
        let shown = |url, content: Option<Content>| ClientDownload {
            system: system.clone(),
            version: *version,
            url,
            size: content.as_ref().map(|content| content.size),
            sha256: content.map(|content| content.sha256),
        };
        if is_url(place) {
            return Ok(shown(place.clone(), None));
        }
        let expires_at = self.hub.now().checked_add(PROGRAM).unwrap_or(Timestamp::MAX);
        let signature = self.signer().await?.sign(INSTALL, &[version.as_str(), system], expires_at);
        let mut query = Query::new(format!("{ROOT}/programs/{}/{system}", version.as_str()));
        query.add("signature", Some(signature));
        Ok(shown(self.whole(&query.finish()), self.measured_program(Path::new(place)).await))
    }

    /// What a program holds, as long as it is the same file.
    async fn measured_program(&self, path: &Path) -> Option<Content> {
        let about = tokio::fs::metadata(path).await.ok()?;
        let stamp = (about.len(), about.modified().ok()?);
        let mut known = self.programs.lock().await;
        if let Some((of, content)) = known.get(path)
            && *of == stamp
        {
            return Some(content.clone());
        }
        let content = content_of(path).await.ok()?;
        known.insert(path.to_owned(), (stamp, content.clone()));
        Some(content)
    }

    /// The file of a signed link; `None` = the link is no good, or there is no such file any more.
    pub async fn open(&self, link: &Link) -> Result<Option<SentFile>, Error> {
        let (purpose, parts) = link.parts();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let good = self.signer().await?.signed(purpose, &parts, &link.signature, self.hub.now());
        if good.is_none() {
            return Ok(None);
        }
        match &link.what {
            Linked::Program { version, system } => {
                let mut programs = self.settings.clients.iter();
                let Some(program) = programs.find(|one| (one.version, &one.system) == (*version, system))
                else {
                    return Ok(None);
                };
                let path = PathBuf::from(&program.place);
                let Some(content) = self.measured_program(&path).await else { return Ok(None) };
                let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
                Ok(sent(&path, name, content).await)
            }
            Linked::Export { rne, era, name } => {
                let Some(found) = self.find(rne).await? else { return Ok(None) };
                let exports = found.kept.exports.iter().find(|export| export.era == *era);
                let Some(file) =
                    exports.and_then(|export| export.files.iter().find(|file| file.name == *name))
                else {
                    return Ok(None);
                };
                let Some(path) = self.inside(rne, *era, &file.path).await else { return Ok(None) };
                let content = match &file.content {
                    Some(content) => content.clone(),
                    None => match content_of(&path).await {
                        Ok(content) => content,
                        Err(_) => return Ok(None),
                    },
                };
                Ok(sent(&path, Some(name.clone()), content).await)
            }
        }
    }

    /// Where an exported file lies; `None` = it leads out of its folder, or is no file.
    async fn inside(&self, rne: &Rne, era: u64, path: &str) -> Option<PathBuf> {
        let folder = self.settings.exports().join(rne.as_str()).join(era.to_string());
        let folder = tokio::fs::canonicalize(folder).await.ok()?;
        let path = tokio::fs::canonicalize(folder.join(path)).await.ok()?;
        let is_file = tokio::fs::metadata(&path).await.ok()?.is_file();
        (is_file && path.starts_with(&folder)).then_some(path)
    }

    /// Finds out what exported files hold of which that is not known. One that is not there is left out.
    pub async fn measure(&self, rne: &Rne) -> Result<(), Error> {
        let Some(found) = self.find(rne).await? else { return Ok(()) };
        let missing = |export: &&Export| export.files.iter().any(|file| file.content.is_none());
        let Some(export) = found.kept.exports.iter().find(missing) else { return Ok(()) };
        let (era, mut files) = (export.era, Vec::new());
        for file in &export.files {
            let content = match (&file.content, self.inside(rne, era, &file.path).await) {
                (Some(content), _) => Some(content.clone()),
                (None, Some(path)) => content_of(&path).await.ok(),
                (None, None) => None,
            };
            if let Some(content) = content {
                files.push(ExportFile { content: Some(content), ..file.clone() });
            } else {
                tracing::warn!(
                    subject = %format_args!("establishment:{rne}"),
                    "{} is said to be exported from {rne}, and is no file in its folder: it is left out", file.name
                );
            }
        }
        let write = |found: &Establishment| {
            let mut next = found.clone();
            let export = next.kept.exports.iter_mut().find(|export| export.era == era)?;
            export.files.clone_from(&files);
            Some(next)
        };
        self.hub
            .write_as_read(async || {
                let next = self.find(rne).await?.as_ref().and_then(write);
                let effects = next.map(|next| Effects { entities: vec![next.write()], ..Effects::default() });
                Ok(((), effects.map(|effects| (effects, None))))
            })
            .await
    }

    /// The same for all schools that are gone.
    pub async fn measure_all(&self) -> Result<(), Error> {
        for found in self.all(&[crate::state::State::Deleted], usize::MAX).await? {
            self.measure(&found.rne).await?;
        }
        Ok(())
    }

    /// A path as people reach it.
    pub(crate) fn whole(&self, path: &str) -> String {
        format!("{}{path}", self.settings.url)
    }
}

async fn sent(path: &Path, name: Option<String>, content: Content) -> Option<SentFile> {
    let file = File::open(path).await.ok()?;
    Some(SentFile { file, kind: "application/octet-stream", name, tag: content.sha256 })
}

/// Reads a file through.
fn content_of(path: &Path) -> BoxFuture<'_, std::io::Result<Content>> {
    Box::pin(async move {
        let mut file = File::open(path).await?;
        let (mut sum, mut size, mut piece) = (Context::new(&SHA256), 0_u64, vec![0; PIECE]);
        loop {
            let read = file.read(&mut piece).await?;
            let Some(part) = piece.get(..read).filter(|part| !part.is_empty()) else { break };
            sum.update(part);
            size += read as u64;
        }
        Ok(Content { size, sha256: crate::keys::hex(sum.finish().as_ref()) })
    })
}

fn is_url(place: &str) -> bool {
    place.starts_with("https://") || place.starts_with("http://")
}

/// A name as it stands in a path.
fn in_path(name: &str) -> String {
    form_urlencoded::byte_serialize(name.as_bytes()).collect::<String>().replace('+', "%20")
}
