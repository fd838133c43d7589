//! `cargo xtask library`: builds the C library and lays it out below a prefix.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::workspace::{cargo, root, show_and_run, target};

/// What programs ask for at run time.
const SONAME: &str = "libintendant_mapistore.so.1";
/// What is behind that name.
const FILE: &str = "libintendant_mapistore.so.1.0.0";
/// What a linker asks for.
const DEVELOPMENT: &str = "libintendant_mapistore.so";
const ARCHIVE: &str = "libintendant_mapistore.a";
/// What cargo builds: the shared library and the archive.
const BUILT: (&str, &str) = ("libintendant_libmapistore.so", "libintendant_libmapistore.a");

/// Builds it and lays it out below `destdir`, for use in `prefix`.
pub(crate) fn run(prefix: &Path, destdir: Option<&Path>) -> Result<()> {
    let package = ["build", "--locked", "--release", "--package", "intendant-libmapistore"];
    show_and_run(&mut cargo(&package))?;
    let place = Place::new(prefix, destdir);
    place.lay_out(&target()?.join("release"), &root().join("crates/libmapistore"))?;
    println!("libintendant_mapistore is below {}", place.below.display());
    if destdir.is_none() {
        println!(
            "run ldconfig once, unless {} is no place that it looks at",
            place.below.join("lib").display()
        );
    }
    Ok(())
}

/// Where it is laid out, and for use where.
struct Place {
    below: PathBuf,
    prefix: PathBuf,
}

impl Place {
    fn new(prefix: &Path, destdir: Option<&Path>) -> Self {
        let inside = prefix.strip_prefix("/").unwrap_or(prefix);
        let below = destdir.map_or_else(|| prefix.to_path_buf(), |destdir| destdir.join(inside));
        Self { below, prefix: prefix.to_path_buf() }
    }

    /// Puts everything where it belongs: `built` is cargo's folder, `source` the crate's.
    fn lay_out(&self, built: &Path, source: &Path) -> Result<()> {
        self.put(&built.join(BUILT.0), &format!("lib/{FILE}"), 0o755)?;
        self.put(&built.join(BUILT.1), &format!("lib/{ARCHIVE}"), 0o644)?;
        self.link(FILE, &format!("lib/{SONAME}"))?;
        self.link(SONAME, &format!("lib/{DEVELOPMENT}"))?;
        for header in ["intendant_mapistore.h", "mapistore/mapistore.h", "mapistore/mapistore_errors.h"] {
            let place = format!("include/intendant-mapistore/{header}");
            self.put(&source.join("include").join(header), &place, 0o644)?;
        }
        let description = read(&source.join("pkgconfig/intendant-mapistore.pc"))?
            .replace("@prefix@", &self.prefix.display().to_string())
            .replace("@version@", env!("CARGO_PKG_VERSION"));
        self.write("lib/pkgconfig/intendant-mapistore.pc", &description)?;
        for page in fs::read_dir(source.join("man"))? {
            self.put_page(&page?.path())?;
        }
        Ok(())
    }

    /// A manual page under its name, and under those of whatever else it describes.
    fn put_page(&self, page: &Path) -> Result<()> {
        let file = page.file_name().and_then(|name| name.to_str()).context("a page without a name")?;
        let section = page.extension().and_then(|end| end.to_str()).context("a page without a section")?;
        let folder = format!("share/man/man{section}");
        self.put(page, &format!("{folder}/{file}"), 0o644)?;
        let text = read(page)?;
        let names = text.lines().filter_map(|line| line.strip_prefix(".Nm ")?.split(' ').next());
        for name in names.map(|name| format!("{name}.{section}")).filter(|name| name != file) {
            self.link(file, &format!("{folder}/{name}"))?;
        }
        Ok(())
    }

    /// Copies a file. A library that programs use is replaced, not overwritten.
    fn put(&self, from: &Path, to: &str, mode: u32) -> Result<()> {
        let to = self.fresh(to)?;
        fs::copy(from, &to).with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))?;
        fs::set_permissions(&to, fs::Permissions::from_mode(mode))?;
        Ok(())
    }

    fn write(&self, to: &str, text: &str) -> Result<()> {
        let to = self.fresh(to)?;
        fs::write(&to, text).with_context(|| format!("cannot write {}", to.display()))
    }

    fn link(&self, target: &str, at: &str) -> Result<()> {
        let at = self.fresh(at)?;
        symlink(target, &at).with_context(|| format!("cannot link {}", at.display()))
    }

    /// A path at which there is nothing, in a folder that is there.
    fn fresh(&self, at: &str) -> Result<PathBuf> {
        let at = self.below.join(at);
        if let Some(folder) = at.parent() {
            fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        }
        match fs::remove_file(&at) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("cannot replace {}", at.display()))
            }
            _ => Ok(at),
        }
    }
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    fn succeeds(command: &mut Command) -> String {
        let output = command.output().unwrap();
        assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// The layout, with something small in the library's place: a program is built by what pkg-config says, and runs.
    #[test]
    fn a_program_is_built_against_what_was_laid_out() {
        let folder = tempfile::tempdir().unwrap();
        let (built, prefix) = (folder.path().join("built"), folder.path().join("usr"));
        fs::create_dir(&built).unwrap();
        let code = "int mapistore_mgmt_backend_register_user(void *i, const char *b, const char *v)\
                    { return i || b || v ? 1 : 0; }";
        fs::write(folder.path().join("library.c"), code).unwrap();
        let soname = format!("-Wl,-soname,{SONAME}");
        let library = built.join(BUILT.0);
        succeeds(
            Command::new("gcc")
                .args(["-shared", "-fPIC", &soname, "-o"])
                .arg(&library)
                .arg(folder.path().join("library.c")),
        );
        fs::write(built.join(BUILT.1), "").unwrap();

        let place = Place::new(&prefix, None);
        // Twice: what is there is replaced.
        for _ in 0..2 {
            place.lay_out(&built, &root().join("crates/libmapistore")).unwrap();
        }
        let flags = succeeds(
            Command::new("pkg-config")
                .args(["--cflags", "--libs", "intendant-mapistore"])
                .env("PKG_CONFIG_PATH", prefix.join("lib/pkgconfig")),
        );
        let program = folder.path().join("program");
        let code = "#include <mapistore/mapistore.h>\n\
                    int main(void) { return mapistore_mgmt_backend_register_user(0, 0, 0); }";
        fs::write(folder.path().join("program.c"), code).unwrap();
        succeeds(
            Command::new("gcc")
                .arg(folder.path().join("program.c"))
                .args(flags.split_whitespace())
                .arg("-o")
                .arg(&program),
        );
        succeeds(Command::new(&program).env("LD_LIBRARY_PATH", prefix.join("lib")));
        for page in ["mapistore_mgmt_backend_unregister_user.3", "mapistore_dispatch.3"] {
            assert!(prefix.join("share/man/man3").join(page).is_file(), "{page}");
        }
        assert!(prefix.join("share/man/man7/intendant_mapistore.7").is_file());
    }

    #[test]
    fn a_package_is_laid_out_elsewhere_than_it_is_used() {
        let place = Place::new(Path::new("/usr"), Some(Path::new("/tmp/package")));
        assert_eq!(place.below, Path::new("/tmp/package/usr"));
        assert_eq!(place.prefix, Path::new("/usr"));
    }
}
