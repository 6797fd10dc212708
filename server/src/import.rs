//! `evident import users FILE`: people from another system, as many as there are.

use crate::{
    opening::Openings,
    report::{self, Doing, Failure},
};
use command_api::{App, ImportFormat, Imported, RowOutcome};
use indicatif::{ProgressBar, ProgressStyle};
use service::{
    clock::{Clock, Entropy},
    config::Config,
};
use std::{
    fs::File,
    io::{IsTerminal, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

/// The exit status of an import in which rows were refused: neither a failure, 1, nor a mistake in the configuration, 2.
const SOME_REFUSED: u8 = 3;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// CSV with a header, JSON lines, or a JSON array: `email`, and perhaps `email_verified`, `display_name`, `password_hash`, `roles`.
    file: PathBuf,
    /// What the file is written in; else its name tells.
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Look at everything, and import nobody.
    #[arg(long)]
    dry_run: bool,
    /// Where to write the rows that were refused, and why; else on standard error.
    #[arg(long)]
    report: Option<PathBuf>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Format {
    Csv,
    Json,
}

#[derive(Default)]
struct Counts {
    imported: u64,
    present: u64,
    refused: u64,
}

pub(crate) async fn users(config: &Config, arguments: Arguments) -> Result<ExitCode, Failure> {
    let format = match arguments.format {
        Some(Format::Csv) => ImportFormat::Csv,
        Some(Format::Json) => ImportFormat::Json,
        None => named(&arguments.file),
    };
    let file = File::open(&arguments.file).doing("open the file")?;
    let bar = bar(&file)?;
    let mut refusals = refusals(arguments.report.as_deref())?;
    let openings = Openings::at_once(config);
    let (log, vault) = (openings.log().await?, openings.vault().await?);
    let app = App::start(log.clone(), vault, config, Clock::System, Entropy::System).await.doing("start")?;
    let (mut counts, mut unwritten) = (Counts::default(), None);
    let tell = |outcome: &RowOutcome| {
        if let Err(error) = bar.suspend(|| tell(outcome, &mut counts, &mut refusals)) {
            unwritten = Some(error);
        }
    };
    let ended = command_api::import_users(&app, bar.wrap_read(file), format, arguments.dry_run, tell).await;
    bar.finish_and_clear();
    log.close().await;
    let Counts { imported, present, refused } = counts;
    let done = if arguments.dry_run { "would be imported" } else { "were imported" };
    report::say(format_args!("{imported} {done}, {present} were there already, {refused} were refused."));
    ended.doing("import all of the file; the same file can be imported again")?;
    match unwritten {
        Some(error) => Err(error).doing("write down what was refused"),
        None if refused > 0 => Ok(ExitCode::from(SOME_REFUSED)),
        None => Ok(ExitCode::SUCCESS),
    }
}

/// By the end of its name; whatever is not JSON by name is CSV.
fn named(file: &Path) -> ImportFormat {
    let end = file.extension().and_then(|end| end.to_str()).unwrap_or_default().to_ascii_lowercase();
    if ["json", "jsonl", "ndjson"].contains(&end.as_str()) { ImportFormat::Json } else { ImportFormat::Csv }
}

/// How much of the file is read. Shown on a terminal only.
fn bar(file: &File) -> Result<ProgressBar, Failure> {
    if !std::io::stderr().is_terminal() {
        return Ok(ProgressBar::hidden());
    }
    let bytes = file.metadata().doing("look at the file")?.len();
    let style = ProgressStyle::with_template("{wide_bar} {percent}% of {total_bytes}, {eta} left");
    Ok(ProgressBar::new(bytes).with_style(style.doing("show how far it is")?))
}

fn refusals(path: Option<&Path>) -> Result<Box<dyn Write>, Failure> {
    Ok(match path {
        Some(path) => Box::new(std::io::BufWriter::new(File::create(path).doing("make the report")?)),
        None => Box::new(std::io::stderr()),
    })
}

/// A line for each reason. None holds anything that stood in the file but its lines' numbers.
fn tell(outcome: &RowOutcome, counts: &mut Counts, refusals: &mut impl Write) -> std::io::Result<()> {
    match &outcome.imported {
        Imported::Done(_) => counts.imported += 1,
        Imported::Present(_) => counts.present += 1,
        Imported::Refused(errors) => {
            counts.refused += 1;
            for error in errors {
                let column = error.pointer.trim_start_matches('/');
                let of = if column.is_empty() { String::new() } else { format!("{column}: ") };
                writeln!(refusals, "line {}: {of}{}: {}", outcome.line, error.code, error.detail)?;
            }
        }
    }
    Ok(())
}
