//! An answer that is expensive to find, and asked for by anybody.

use std::{sync::Arc, time::Duration};
use tokio::{sync::Mutex, task::JoinError, time::Instant};

/// How long an answer is good for whoever asks next.
const KEPT: Duration = Duration::from_millis(250);

/// One search at a time, however many ask; who asks meanwhile, and for a moment after, shares its answer. Clones share it
/// too.
#[derive(Debug, Default)]
pub(super) struct Shared<T>(Arc<Mutex<Option<(Instant, T)>>>);

impl<T: Clone + Send + 'static> Shared<T> {
    pub(super) fn new() -> Self {
        Self(Arc::default())
    }

    /// What was found lately, else what is found now. A search goes to its end when whoever began it is gone, so that
    /// hanging up begins no other one.
    pub(super) async fn find(
        &self,
        search: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, JoinError> {
        let mut kept = Arc::clone(&self.0).lock_owned().await;
        if let Some((_, answer)) = kept.as_ref().filter(|(found, _)| found.elapsed() < KEPT) {
            return Ok(answer.clone());
        }
        tokio::spawn(async move {
            let answer = search.await;
            *kept = Some((Instant::now(), answer.clone()));
            answer
        })
        .await
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};
    use tokio::{sync::Notify, task::JoinSet};

    #[derive(Default)]
    struct Searches {
        begun: AtomicU32,
        may_end: Notify,
    }

    /// Finds the number of its own search, once it is let.
    async fn search(searches: Arc<Searches>) -> u32 {
        let number = searches.begun.fetch_add(1, Ordering::Relaxed) + 1;
        searches.may_end.notified().await;
        number
    }

    // No answer grows old while the clock stands still, however long the machine takes.
    #[tokio::test(start_paused = true)]
    async fn a_hundred_askers_make_one_search() {
        let (shared, searches) = (Shared::new(), Arc::<Searches>::default());
        let mut askers = JoinSet::new();
        for _ in 0..100 {
            let (shared, searches) = (shared.clone(), Arc::clone(&searches));
            askers.spawn(async move { shared.find(search(searches)).await.expect("an answer") });
        }
        while searches.begun.load(Ordering::Relaxed) == 0 {
            tokio::task::yield_now().await;
        }
        searches.may_end.notify_one();
        while let Some(answer) = askers.join_next().await {
            assert_eq!(answer.expect("an asker"), 1);
        }
        assert_eq!(searches.begun.load(Ordering::Relaxed), 1);
    }

    // No answer grows old while the clock stands still, however long the machine takes.
    #[tokio::test(start_paused = true)]
    async fn who_began_a_search_and_hung_up_leaves_its_answer() {
        let (shared, searches) = (Shared::new(), Arc::<Searches>::default());
        let mut first = Box::pin(shared.find(search(Arc::clone(&searches))));
        while searches.begun.load(Ordering::Relaxed) == 0 {
            tokio::select! {
                biased;
                _ = &mut first => panic!("nothing lets the search end"),
                () = tokio::task::yield_now() => {}
            }
        }
        drop(first);
        searches.may_end.notify_one();
        let found = shared.find(search(Arc::clone(&searches))).await.expect("an answer");
        assert_eq!((found, searches.begun.load(Ordering::Relaxed)), (1, 1));
    }

    #[tokio::test]
    async fn an_answer_does_not_hold_for_long() {
        let (shared, searches) = (Shared::new(), Arc::<Searches>::default());
        let began = Instant::now();
        let mut found = 0;
        while found < 2 {
            searches.may_end.notify_one();
            found = shared.find(search(Arc::clone(&searches))).await.expect("an answer");
        }
        assert!(began.elapsed() >= KEPT, "{:?}", began.elapsed());
    }
}
