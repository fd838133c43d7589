//! The user's cache: packages of other languages that tests need, installed once.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::Error;

/// A folder of that name for each state of `texts`, filled once, whoever comes first.
pub(crate) fn filled<'t>(
    name: &str,
    texts: impl IntoIterator<Item = &'t str>,
    fill: impl FnOnce(&Path) -> Result<(), Error>,
) -> Result<PathBuf, Error> {
    let cache = folder()?;
    let folder = cache.join(format!("{name}-{:016x}", fingerprint(texts)));
    let path = cache.join(format!("{name}.lock"));
    let lock = File::create(&path).map_err(Error::io(format!("creating {}", path.display())))?;
    lock.lock().map_err(Error::io("locking the cache of packages"))?;
    if folder.join("done").exists() {
        return Ok(folder);
    }
    fs::create_dir_all(&folder).map_err(Error::io(format!("creating {}", folder.display())))?;
    fill(&folder)?;
    fs::write(folder.join("done"), "").map_err(Error::io("noting that the packages are there"))?;
    Ok(folder)
}

/// The folder.
pub(crate) fn folder() -> Result<PathBuf, Error> {
    let of_user = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = of_user("XDG_CACHE_HOME").or_else(|| Some(of_user("HOME")?.join(".cache")));
    let folder = base.unwrap_or_else(std::env::temp_dir).join("intendant/testkit");
    fs::create_dir_all(&folder).map_err(Error::io(format!("creating {}", folder.display())))?;
    Ok(folder)
}

/// Changes with the texts (FNV-1a).
pub(crate) fn fingerprint<'t>(texts: impl IntoIterator<Item = &'t str>) -> u64 {
    let bytes = texts.into_iter().flat_map(str::bytes);
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
