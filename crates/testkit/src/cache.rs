//! The user's cache: packages of other languages that tests need, installed once.

use std::fs;
use std::path::PathBuf;

use crate::Error;

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
