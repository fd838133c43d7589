//! BullMQ's own Rust worker, with nothing durable behind it: `bare-worker URL QUEUE CONCURRENCY COMMAND FOLDER`.
#![forbid(unsafe_code)]

use std::process::Stdio;
use std::sync::Arc;

use bullmq::options::RedisConnectionOptions;
use bullmq::types::{KeepJobs, RemoveOnFinish};
use bullmq::worker::{CancellationToken, ProcessorFn};
use bullmq::{Job, Worker, WorkerOptions};
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let [url, queue, concurrency, command, folder]: [String; 5] =
        std::env::args().skip(1).collect::<Vec<_>>().try_into().map_err(|_| "five arguments")?;
    let what = Arc::new((command, folder));
    let processor: ProcessorFn = Arc::new(move |job: Job, _: CancellationToken| {
        let what = Arc::clone(&what);
        Box::pin(async move {
            if job.name() == "DUMP_PACKAGE_CONFIG" {
                return Ok(json!({ "jobId": job.id(), "status": 0, "data": [{}] }));
            }
            let (status, output) = match run(&what.0, &what.1, job.data()).await {
                Ok(output) => (0, output),
                Err(error) => (1, error.to_string()),
            };
            Ok(
                json!({ "jobId": job.id(), "status": status, "data": [{ "backend": "sh", "output": output }] }),
            )
        })
    });
    // As the original's worker, and ours.
    let keep = RemoveOnFinish::Options(KeepJobs { age: Some(604_800), count: Some(2_500), limit: None });
    let options = WorkerOptions {
        remove_on_complete: Some(keep.clone()),
        remove_on_fail: Some(keep),
        connection: RedisConnectionOptions { url, ..RedisConnectionOptions::default() },
        concurrency: concurrency.parse()?,
        ..WorkerOptions::default()
    };
    let worker = Worker::with_options(&queue, processor, options).await?;
    // Its events go through an unbounded channel.
    while worker.next_event().await.is_some() {}
    Ok(())
}

async fn run(command: &str, folder: &str, data: &serde_json::Value) -> std::io::Result<String> {
    let mut child = Command::new("/bin/sh")
        .args(["-c", command])
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // A script need not read it.
        let _ = stdin.write_all(data.to_string().as_bytes()).await;
    }
    let output = child.wait_with_output().await?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
