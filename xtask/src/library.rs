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

    /// What cargo has built beside this test, or builds now.
    fn built() -> PathBuf {
        let here = std::env::current_exe().unwrap();
        let folders = || here.ancestors().skip(1).take(2).map(Path::to_owned);
        let is_whole = |folder: &PathBuf| [BUILT.0, BUILT.1].iter().all(|name| folder.join(name).is_file());
        if let Some(folder) = folders().find(is_whole) {
            return folder;
        }
        succeeds(&mut cargo(&["build", "--quiet", "--package", "intendant-libmapistore"]));
        folders().find(is_whole).expect("cargo has put it there")
    }

    /// A package, used where it lies: a program is built by what pkg-config says, and registers somebody.
    #[test]
    fn a_program_is_built_against_what_was_laid_out_and_runs() {
        let folder = tempfile::tempdir().unwrap();
        let destdir = folder.path().join("package");
        let place = Place::new(Path::new("/opt/intendant"), Some(&destdir));
        // Twice: what is there is replaced.
        for _ in 0..2 {
            place.lay_out(&built(), &root().join("crates/libmapistore")).unwrap();
        }
        let below = destdir.join("opt/intendant");
        for (name, leads_to) in [(DEVELOPMENT, SONAME), (SONAME, FILE)] {
            assert_eq!(fs::read_link(below.join("lib").join(name)).unwrap(), Path::new(leads_to));
        }
        let flags = succeeds(
            Command::new("pkg-config")
                .args(["--cflags", "--libs", "intendant-mapistore"])
                .env("PKG_CONFIG_PATH", below.join("lib/pkgconfig"))
                .env("PKG_CONFIG_SYSROOT_DIR", &destdir),
        );
        let program = folder.path().join("program");
        let code = "#include <mapistore/mapistore.h>\n\
                    #include <intendant_mapistore.h>\n\
                    int main(void) {\n\
                    struct mapistore_connection_info info = { 0 };\n\
                    if (mapistore_mgmt_backend_register_user(&info, \"SOGo\", \"alice\") != MAPISTORE_ERR_NOT_INITIALIZED)\n\
                    return 1;\n\
                    info.username = \"alice\";\n\
                    info.mstore_ctx = (struct mapistore_context *)&info;\n\
                    return mapistore_mgmt_backend_register_user(&info, \"SOGo\", \"alice\") != MAPISTORE_SUCCESS\n\
                    || mapistore_poll_fd() < 0 || mapistore_dispatch() != 0; }";
        fs::write(folder.path().join("program.c"), code).unwrap();
        succeeds(
            Command::new("gcc")
                .args(["-Wall", "-Werror"])
                .arg(folder.path().join("program.c"))
                .args(flags.split_whitespace())
                .arg("-o")
                .arg(&program),
        );
        let run = |libraries: &Path| {
            let mut command = Command::new(&program);
            command.env("LD_LIBRARY_PATH", libraries);
            command.env("INTENDANT_MAPISTORE_SOCKET", folder.path().join("nobody"));
            command
        };
        succeeds(&mut run(&below.join("lib")));
        // It asks for the library by the name that stays the same.
        let elsewhere = folder.path().join("elsewhere");
        fs::create_dir(&elsewhere).unwrap();
        fs::copy(below.join("lib").join(FILE), elsewhere.join(SONAME)).unwrap();
        succeeds(&mut run(&elsewhere));
        for page in ["man3/mapistore_mgmt_backend_unregister_user.3", "man3/mapistore_dispatch.3"] {
            assert!(below.join("share/man").join(page).is_file(), "{page}");
        }
        assert!(below.join("share/man/man7/intendant_mapistore.7").is_file());
    }

    #[test]
    fn a_package_is_laid_out_elsewhere_than_it_is_used() {
        let place = Place::new(Path::new("/usr"), Some(Path::new("/tmp/package")));
        assert_eq!(place.below, Path::new("/tmp/package/usr"));
        assert_eq!(place.prefix, Path::new("/usr"));
    }
}
