//! Facts in, rows out: the projector over real logs, vaults and tables, on each engine.
//!
//! The oracle throughout is [`projector::check`]: whatever befell a projector, its tables are those that a fresh fold
//! of the log makes.

/// Runs each test on each engine, in a world of its own.
macro_rules! on_each_engine {
    ($($test:ident),+ $(,)?) => {
        mod sqlite {
            use crate::world::{Engine, World};
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $test() {
                    super::$test(World::new(Engine::Sqlite).await).await;
                }
            )+
        }
        mod postgres {
            use crate::world::{Engine, World};
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $test() {
                    super::$test(World::new(Engine::Postgres).await).await;
                }
            )+
        }
    };
}

mod exactly_once;
mod mails;
mod outages;
mod over_nats;
mod parking;
mod rebuilding;
mod refusals;
mod seen;
mod smtp;
mod teller;
mod world;
