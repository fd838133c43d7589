//! What `doctor` says of the folder of backends.

use api::Client;
use module::exit::sentence;
use module::terminal::text;
use module::{Finding, Told};

use super::read::{folder, offer};
use crate::catalogue::Folder;

/// Looks at the folder, and at what lies in it.
pub(super) async fn all(told: Told) -> Vec<Finding> {
    vec![place(&told), backends(&told).await]
}

fn place(told: &Told) -> Finding {
    const NAME: &str = "backends";
    let Folder { used, passed_over } = folder(told);
    let shown = used.display();
    if !used.is_dir() {
        let remedy = "make it, or set backends.folder: until then every job fails";
        return Finding::error(NAME, format!("there is no folder {shown}"), remedy);
    }
    match passed_over {
        Some(other) => Finding::warning(
            NAME,
            format!("{shown} is used, {} is not", other.display()),
            "move what is in the second into the first, and remove it",
        ),
        None => Finding::ok(NAME, shown.to_string()),
    }
}

async fn backends(told: &Told) -> Finding {
    const NAME: &str = "scripts";
    // The hub knows best how it was started; where none runs the files are read here.
    let report = match Client::new(&told.socket).check().await {
        Ok(report) => report,
        Err(_) => match offer(told) {
            Ok(offer) => offer.report().await,
            Err(error) => return Finding::error(NAME, sentence(&error), "correct the configuration"),
        },
    };
    let (errors, warnings) = report.counted();
    let counted = text::count(report.backends, "backend");
    let remedy = "`intendant backends check` shows each with file, line and remedy";
    match (errors, warnings) {
        (0, 0) if report.backends == 0 => {
            Finding::warning(NAME, "no backend yet", "`intendant backends new NAME` makes one")
        }
        (0, 0) => Finding::ok(NAME, format!("{counted}, no problem")),
        (0, _) => Finding::warning(NAME, format!("{counted}, {}", text::count(warnings, "warning")), remedy),
        _ => Finding::error(
            NAME,
            format!("{counted}, {}, {}", text::count(errors, "error"), text::count(warnings, "warning")),
            remedy,
        ),
    }
}
