//! Work that is carried to its end whoever waits for it.

/// Carries work to its end also when whoever waits for it goes away meanwhile, as an HTTP client may: for what takes
/// several writes, or holds something while it writes.
pub async fn carry<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    match tokio::spawn(work).await {
        Ok(done) => done,
        Err(ended) => match ended.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime ends, and whoever waits with it.
            Err(_) => std::future::pending().await,
        },
    }
}
