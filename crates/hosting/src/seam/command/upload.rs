//! `intendant hosting upload`.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use api::Client;
use module::Desk;
use module::document::explain;
use module::exit::{Exit, misuse};
use module::terminal::{Mark, progress};
use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _, SeekFrom};

use super::super::typed::Upload;
use crate::client::{self, Ways};

/// Bytes that are sent at once: what is lost when the network goes.
const PART: u64 = 8 << 20;
/// How often a part is tried again before somebody is told.
const TRIES: u32 = 10;
/// The pause before that.
const PAUSE: Duration = Duration::from_secs(2);

/// Uploads the files, or what is missing of them, and hands them over.
pub(super) async fn run(args: &Upload, desk: &dyn Desk) -> Result<Exit> {
    let mut sizes = Vec::new();
    for path in &args.files {
        let about = tokio::fs::metadata(path).await;
        sizes.push(about.map_err(|error| misuse(format!("{}: {}", path.display(), explain(&error))))?.len());
    }
    let hub = desk.client()?;
    let ways = client::come_in(&hub, &args.rne).await?;
    let there = client::uploaded(&hub, &ways).await?.files;
    let bar = progress(Some(sizes.iter().sum::<u64>() >> 10), desk.screen(), false);
    let (mut ids, mut sent) = (Vec::new(), 0);
    for (path, size) in args.files.iter().zip(sizes) {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let known = there.iter().find(|file| (&file.name, file.size) == (&name, size));
        let place = match known {
            Some(file) => format!("{}/{}", ways.files, file.id),
            None => client::announce(&hub, &ways, &name, size)
                .await
                .with_context(|| format!("announcing {name}"))?,
        };
        send(&hub, &place, path, size, desk, |offset| bar.set_position((sent + offset) >> 10)).await?;
        sent += size;
        ids.push(place.rsplit('/').next().unwrap_or_default().to_owned());
    }
    bar.finish_and_clear();
    let screen = desk.screen();
    if args.keep {
        screen.marked(
            Mark::Good,
            format!("{} files are there; the same without --keep hands them over", ids.len()),
        )?;
        return Ok(Exit::Done);
    }
    hand_over(&hub, &ways, &ids).await?;
    screen.marked(Mark::Good, format!("{} files were handed over", ids.len()))?;
    screen.remark(format!("next: `intendant hosting show {}`", args.rne));
    Ok(Exit::Done)
}

async fn hand_over(hub: &Client, ways: &Ways, ids: &[String]) -> Result<()> {
    client::finish(hub, ways, ids).await.context("handing the files over")
}

/// Sends what is missing of a file. A part that gets lost is sent again, from where the hub has it.
async fn send(
    hub: &Client,
    place: &str,
    path: &Path,
    size: u64,
    desk: &dyn Desk,
    told: impl Fn(u64),
) -> Result<()> {
    let mut file = File::open(path).await.with_context(|| format!("opening {}", path.display()))?;
    let (mut offset, mut tries) = (client::offset(hub, place).await?, 0);
    while offset < size {
        told(offset);
        file.seek(SeekFrom::Start(offset)).await?;
        let mut part = Vec::new();
        (&mut file).take(PART.min(size - offset)).read_to_end(&mut part).await?;
        if part.is_empty() {
            bail!("{} became shorter while it was uploaded: upload it again", path.display());
        }
        match client::send(hub, place, offset, part).await {
            Ok(now) if now > offset => (offset, tries) = (now, 0),
            Ok(_) => bail!("the hub takes no more of {}", path.display()),
            Err(error) if tries < TRIES => {
                tries += 1;
                desk.screen().remark(format!("{error}; again in {} s", PAUSE.as_secs()));
                desk.clock().sleep(PAUSE).await;
                offset = client::offset(hub, place).await.unwrap_or(offset);
            }
            Err(error) => {
                return Err(error).context("the upload broke off; the same command goes on with it");
            }
        }
    }
    told(size);
    Ok(())
}
