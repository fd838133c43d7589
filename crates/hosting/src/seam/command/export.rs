//! `intendant hosting export`.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use api::Client;
use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use futures_util::StreamExt as _;
use module::Desk;
use module::exit::Exit;
use module::terminal::{Mark, progress};
use ring::digest::{Context, SHA256};
use tokio::fs::{File, OpenOptions};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::super::typed::Export;
use crate::api::Download;
use crate::client;
use crate::keys::hex;

/// Bytes that are read at once.
const PIECE: usize = 1 << 20;

/// Downloads what a school has left, or what is missing of it.
pub(super) async fn run(args: &Export, desk: &dyn Desk) -> Result<Exit> {
    let hub = desk.client()?;
    let view = client::show(&hub, &args.rne).await?;
    if view.downloads.is_empty() {
        bail!(
            "{} is in {}: there is nothing to download; `intendant hosting delete` exports it",
            view.rne,
            view.state
        );
    }
    tokio::fs::create_dir_all(&args.to).await.with_context(|| format!("making {}", args.to.display()))?;
    let screen = desk.screen();
    for file in &view.downloads {
        let target = args.to.join(Path::new(&file.name).file_name().unwrap_or_default());
        fetch(&hub, file, &target, desk).await.with_context(|| format!("downloading {}", file.name))?;
        screen.marked(Mark::Good, target.display().to_string())?;
    }
    Ok(Exit::Done)
}

async fn fetch(hub: &Client, file: &Download, target: &Path, desk: &dyn Desk) -> Result<()> {
    let part = target.with_file_name(format!("{}.part", file.name));
    let begun = tokio::fs::metadata(&part).await.map_or(0, |about| about.len());
    let mut request = Client::request(Method::GET, client::local(&file.url));
    let tag = file.sha256.as_ref().map(|sum| format!("\"{sum}\""));
    if let Some(tag) = tag.filter(|_| begun > 0 && file.size.is_none_or(|size| begun < size)) {
        request = request.header(header::RANGE, format!("bytes={begun}-")).header(header::IF_RANGE, tag);
    }
    let answer = hub.send(request, Body::empty()).await?;
    let goes_on = answer.status() == StatusCode::PARTIAL_CONTENT;
    let mut done = if goes_on { begun } else { 0 };
    let mut options = OpenOptions::new();
    options.create(true).append(goes_on).write(true).truncate(!goes_on);
    let mut out = options.open(&part).await?;
    let bar = progress(file.size.map(|size| size >> 10), desk.screen(), false);
    let mut pieces = Body::new(answer.into_body()).into_data_stream();
    while let Some(piece) = pieces.next().await {
        let piece = piece?;
        out.write_all(&piece).await?;
        done += piece.len() as u64;
        bar.set_position(done >> 10);
    }
    bar.finish_and_clear();
    out.sync_all().await?;
    if let Some(wanted) = &file.sha256
        && sum(&part).await? != *wanted
    {
        tokio::fs::remove_file(&part).await?;
        bail!("what came is not what was exported: the same command begins anew");
    }
    Ok(tokio::fs::rename(&part, target).await?)
}

async fn sum(path: &Path) -> Result<String> {
    let (mut file, mut sum, mut piece) = (File::open(path).await?, Context::new(&SHA256), vec![0; PIECE]);
    loop {
        let read = file.read(&mut piece).await?;
        match piece.get(..read).filter(|part| !part.is_empty()) {
            Some(part) => sum.update(part),
            None => return Ok(hex(sum.finish().as_ref())),
        }
    }
}
