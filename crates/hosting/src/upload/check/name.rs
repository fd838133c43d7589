//! Names of files, as people's systems send them. They are kept to be shown and handed on, and never become a path.

use crate::upload::refusal::{Reason, Refusal, is_hidden};

/// Bytes of a name: no file system of today keeps longer ones.
const LONGEST: usize = 255;

/// Names that Windows keeps to itself, whatever their ending.
const DEVICES: [&str; 7] = ["con", "prn", "aux", "nul", "conin$", "conout$", "clock$"];

/// Endings that have no place before another one: of programs, and of pages that would run in a browser.
const DANGEROUS: [&str; 32] = [
    "app", "asp", "aspx", "bat", "cgi", "cmd", "com", "cpl", "dll", "exe", "hta", "htm", "html", "jar", "js",
    "jsp", "lnk", "msi", "php", "phtml", "pif", "pl", "ps1", "py", "scr", "sh", "svg", "vb", "vbs", "wsf",
    "xhtml", "shtml",
];

/// Whether a file of this name may be taken.
pub(crate) fn file_name(name: &str, allowed: &[String]) -> Result<(), Refusal> {
    let refused = |reason| Err(Refusal::about(reason, name));
    if name.trim().is_empty() || name.len() > LONGEST {
        return refused(Reason::NameLength);
    }
    if name.chars().any(is_hidden) {
        return refused(Reason::NameHidden);
    }
    if name.contains(['/', '\\', ':']) || name == "." || name == ".." {
        return refused(Reason::NameFolder);
    }
    if name.starts_with(['.', '-', ' ', '~']) || name.ends_with(['.', ' ']) || is_device(name) {
        return refused(Reason::NameReserved);
    }
    let Some(last) = extension(name).filter(|last| allowed.contains(last)) else {
        return refused(Reason::Extension);
    };
    let stem = name.get(..name.len() - last.len() - 1).unwrap_or_default();
    if extension(stem).is_some_and(|inner| DANGEROUS.contains(&inner.as_str())) {
        return refused(Reason::DoubleExtension);
    }
    Ok(())
}

/// The ending of a name in small letters, without its point.
pub(crate) fn extension(name: &str) -> Option<String> {
    let (stem, extension) = name.rsplit_once('.')?;
    (!stem.is_empty() && !extension.is_empty()).then(|| extension.to_ascii_lowercase())
}

/// Whether Windows reads the name as one of a device: `nul.zip`, `COM1.txt`.
pub(super) fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_lowercase();
    let numbered = |port: &str| {
        let number = stem.strip_prefix(port).unwrap_or_default();
        matches!(number, "0" | "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" | "¹" | "²" | "³")
    };
    DEVICES.contains(&stem.as_str()) || numbered("com") || numbered("lpt")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_odd_name_is_refused_for_its_reason() {
        let allowed = ["zip".to_owned(), "mdb".to_owned()];
        let long = format!("{}.zip", "x".repeat(5_000));
        for (name, reason) in [
            ("", Reason::NameLength),
            ("   ", Reason::NameLength),
            (long.as_str(), Reason::NameLength),
            ("base.zip\0.txt", Reason::NameHidden),
            ("base\r\nx.zip", Reason::NameHidden),
            ("base\u{202e}piz.exe", Reason::NameHidden),
            ("base.zip\u{200b}", Reason::NameHidden),
            ("../base.zip", Reason::NameFolder),
            ("..\\base.zip", Reason::NameFolder),
            ("/etc/passwd.zip", Reason::NameFolder),
            ("C:base.zip", Reason::NameFolder),
            ("base.zip:stream.zip", Reason::NameFolder),
            ("..", Reason::NameFolder),
            (".htaccess.zip", Reason::NameReserved),
            ("-rf.zip", Reason::NameReserved),
            ("base.zip.", Reason::NameReserved),
            ("base.zip ", Reason::NameReserved),
            ("NUL.zip", Reason::NameReserved),
            ("com1.base.zip", Reason::NameReserved),
            ("LPT².zip", Reason::NameReserved),
            ("base", Reason::Extension),
            ("base.exe", Reason::Extension),
            ("base.zip.exe", Reason::Extension),
            ("base.ｚip", Reason::Extension),
            ("base．zip", Reason::Extension),
            ("shell.php.zip", Reason::DoubleExtension),
            ("facture.EXE.zip", Reason::DoubleExtension),
        ] {
            assert_eq!(file_name(name, &allowed).unwrap_err().reason, reason, "{name:?}");
        }
    }

    #[test]
    fn names_that_schools_have_are_taken() {
        let allowed = ["zip".to_owned(), "mdb".to_owned()];
        for name in [
            "base.zip",
            "BCDI.ZIP",
            "Collège Jean Moulin – base du 12.06.zip",
            "base.2026.mdb",
            "console.zip",
            "comité.zip",
            "a.zip",
            "« CDI ».mdb",
        ] {
            assert_eq!(file_name(name, &allowed), Ok(()), "{name}");
        }
    }
}
