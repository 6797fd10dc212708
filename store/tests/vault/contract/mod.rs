//! What every engine promises: each rule is run on each.

mod addresses;
mod admins;
mod attempts;
mod index_key;
mod keys;
mod master_keys;
mod opening;
mod people;
mod pictures;
mod requests;
mod sessions;

/// Makes a test of each rule on each engine.
macro_rules! on_every_engine {
    ($($rule:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $rule() {
                super::$rule(crate::place::Place::sqlite().await).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $rule() {
                super::$rule(crate::place::Place::postgres().await).await;
            })+
        }
    };
}
pub(crate) use on_every_engine;
