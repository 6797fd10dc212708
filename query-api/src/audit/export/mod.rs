//! The history as a file, a page at a time, in each form that may be asked for.

mod csv;
mod ocsf;

use super::item::opened;
use crate::app::App;
use bytes::{Bytes, BytesMut};
use events::{ExportFormat, Position};
use futures_util::{
    Stream, StreamExt,
    stream::{iter, try_unfold},
};
use std::error::Error;
use store::log::Stored;

/// How many records are in memory at once, at most 60 KiB each.
const PAGE: usize = 200;

/// Why a file breaks off.
type Broken = Box<dyn Error + Send + Sync>;

/// The records after one position, to another one. A failure breaks the connection off: a file that ends well is
/// whole.
pub(crate) fn file(
    app: App,
    format: ExportFormat,
    after: Position,
    to: Position,
) -> impl Stream<Item = Result<Bytes, Broken>> {
    let (head, tail) = match format {
        ExportFormat::Jsonl | ExportFormat::Ocsf => (Bytes::new(), Bytes::new()),
        ExportFormat::Cloudevents => (Bytes::from_static(b"["), Bytes::from_static(b"]\n")),
        ExportFormat::Csv => (csv::header(), Bytes::new()),
    };
    let pages = try_unfold((app, after, true), move |(app, after, first)| async move {
        let page = page(&app, after, to).await?;
        let Some(last) = page.last().map(|stored| stored.position) else { return Ok(None) };
        let text = written(&app, format, &page, first).await?;
        Ok(Some((text, (app, last, false))))
    });
    let pages = pages.inspect(|page| {
        if let Err(error) = page {
            tracing::error!(%error, "an export broke off");
        }
    });
    iter([Ok(head)]).chain(pages).chain(iter([Ok(tail)])).filter(|part| {
        let says_something = part.as_ref().map_or(true, |part| !part.is_empty());
        async move { says_something }
    })
}

async fn page(app: &App, after: Position, to: Position) -> Result<Vec<Stored>, Broken> {
    // Where positions are not dense there are fewer records left, and some of the page are later.
    let at_most = usize::try_from(to.0.saturating_sub(after.0)).unwrap_or(usize::MAX);
    if at_most == 0 {
        return Ok(Vec::new());
    }
    let mut page = app.log().read_all(after, at_most.min(PAGE)).await?;
    page.retain(|stored| stored.position <= to);
    Ok(page)
}

async fn written(app: &App, format: ExportFormat, page: &[Stored], first: bool) -> Result<Bytes, Broken> {
    Ok(match format {
        ExportFormat::Jsonl => lines(page),
        ExportFormat::Cloudevents => elements(page, first),
        ExportFormat::Csv => csv::rows(&opened(app, page).await?)?,
        ExportFormat::Ocsf => ocsf::lines(page, &opened(app, page).await?)?,
    })
}

fn lines(page: &[Stored]) -> Bytes {
    let mut lines = BytesMut::with_capacity(length(page));
    for stored in page {
        lines.extend_from_slice(stored.record.bytes());
        lines.extend_from_slice(b"\n");
    }
    lines.freeze()
}

/// Elements of one array, the first of which may be the array's.
fn elements(page: &[Stored], first: bool) -> Bytes {
    let mut elements = BytesMut::with_capacity(length(page) + page.len());
    for (index, stored) in page.iter().enumerate() {
        if !(first && index == 0) {
            elements.extend_from_slice(b",\n");
        }
        elements.extend_from_slice(stored.record.bytes());
    }
    elements.freeze()
}

fn length(page: &[Stored]) -> usize {
    page.iter().map(|stored| stored.record.bytes().len() + 1).sum()
}
