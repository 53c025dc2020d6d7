//! Work that is done side by side, so that what is slow holds up nothing else, and not too much of it at a time.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

/// Places for work.
pub(super) struct SideBySide {
    free: Arc<Semaphore>,
    tasks: TaskTracker,
}

impl SideBySide {
    /// So many places.
    pub(super) fn new(at_once: usize, tasks: TaskTracker) -> Self {
        SideBySide { free: Arc::new(Semaphore::new(at_once)), tasks }
    }

    /// Waits for a place and begins; does not wait for the end.
    pub(super) async fn begin(&self, work: impl Future<Output = ()> + Send + 'static) {
        let Ok(place) = Arc::clone(&self.free).acquire_owned().await else { return };
        self.tasks.spawn(async move {
            work.await;
            drop(place);
        });
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn what_is_slow_takes_its_place_and_no_other() {
        let both = SideBySide::new(2, TaskTracker::new());
        let (end, slow) = oneshot::channel::<()>();
        both.begin(async move { drop(slow.await) }).await;
        for _ in 0..10 {
            let (tell, told) = oneshot::channel();
            both.begin(async move { tell.send(()).unwrap() }).await;
            told.await.unwrap();
        }
        both.begin(std::future::pending()).await;
        let mut third = std::pin::pin!(both.begin(std::future::ready(())));
        tokio::select! {
            biased;
            () = &mut third => panic!("there were two places"),
            () = tokio::task::yield_now() => {}
        }
        end.send(()).unwrap();
        third.await;
    }
}
