//! Many calls of a command, a few of them at the same time.

use crate::error::{Code, Refusal};
use tokio::task::JoinSet;

/// How many are under way at the same time.
const AT_ONCE: usize = 8;

/// Runs `work` for each item and gives what comes of it to `take`, in the order in which they are done.
///
/// # Errors
/// The first of `take`. What is under way then is dropped.
pub(super) async fn at_once<I, O, F>(
    items: impl IntoIterator<Item = I>,
    work: impl Fn(I) -> F,
    mut take: impl FnMut(O) -> Result<(), Refusal>,
) -> Result<(), Refusal>
where
    F: Future<Output = O> + Send + 'static,
    O: Send + 'static,
{
    let (mut waiting, mut running) = (items.into_iter(), JoinSet::new());
    loop {
        while running.len() < AT_ONCE
            && let Some(item) = waiting.next()
        {
            running.spawn(work(item));
        }
        let Some(joined) = running.join_next().await else {
            return Ok(());
        };
        take(joined.map_err(|fault| Refusal::new(Code::GatewayFault, fault.to_string()))?)?;
    }
}
