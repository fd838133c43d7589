//! Work that is carried to its end whoever waits for it.

use tokio::sync::oneshot;

use crate::port::BoxFuture;

/// Carries work to its end also when whoever waits for it goes away meanwhile, as an HTTP client may: for what takes
/// several writes, or holds something while it writes.
pub async fn carry<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    let (answer, mut answered) = oneshot::channel();
    let carried = carry_on(Box::pin(async move {
        // Nobody may wait for it any more.
        let _ = answer.send(work.await);
    }));
    carried.await;
    match answered.try_recv() {
        Ok(done) => done,
        // The runtime ends, and whoever waits with it.
        Err(_) => std::future::pending().await,
    }
}

/// The same for what answers nothing. Of one type, so that the runtime's machinery is compiled once and not for each kind of
/// work.
fn carry_on(work: BoxFuture<'static, ()>) -> BoxFuture<'static, ()> {
    Box::pin(async move {
        if let Err(ended) = tokio::spawn(work).await
            && let Ok(panic) = ended.try_into_panic()
        {
            std::panic::resume_unwind(panic);
        }
    })
}
