//! Log lines: structured, on standard error, and nowhere else.
//!
//! Numbers and codes never get here (I12): their types print masked or not at all, and what libraries
//! write below `warn` is dropped whatever the level, because a library knows no secret when it logs one.

use std::fmt::{self, Write as _};
use std::io::{self, IsTerminal as _};
use std::panic::PanicHookInfo;

use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer, Registry};

use crate::config::{Log, LogFormat, LogLevel};

/// The targets of Countersign's own crates begin with this.
const OWN_TARGETS: &str = "countersign";

/// Something logs already in this process.
#[derive(Debug, thiserror::Error)]
#[error("the log was started before")]
pub struct AlreadyStarted;

/// Starts the log for the whole process, panics included. Once.
pub fn start(log: Log) -> Result<(), AlreadyStarted> {
    let colours = if io::stderr().is_terminal() { Colours::On } else { Colours::Off };
    subscriber(log, colours, io::stderr).try_init().map_err(|_| AlreadyStarted)?;
    std::panic::set_hook(Box::new(log_panic));
    Ok(())
}

/// Whether text is coloured. JSON never is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colours {
    /// For a terminal.
    On,
    /// For a file or pipe.
    Off,
}

/// What writes log lines to `writer`.
pub fn subscriber<W>(log: Log, colours: Colours, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let layer = tracing_subscriber::fmt::layer().with_writer(writer);
    let layer: Box<dyn Layer<Registry> + Send + Sync> = match log.format {
        // The current span holds the request's id; the list of all spans would repeat it.
        LogFormat::Json => layer
            .with_ansi(false)
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .with_span_list(false)
            .boxed(),
        LogFormat::Text => layer.with_ansi(colours == Colours::On).with_target(false).boxed(),
    };
    tracing_subscriber::registry().with(layer.with_filter(filter(log.level)))
}

fn filter(level: LogLevel) -> Targets {
    let level = match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    Targets::new().with_default(level.min(LevelFilter::WARN)).with_target(OWN_TARGETS, level)
}

/// Tells where it happened. A formatted message may hold what was being worked on, so only literal
/// ones are written.
fn log_panic(info: &PanicHookInfo<'_>) {
    let message = info.payload().downcast_ref::<&'static str>().copied().unwrap_or("(not shown)");
    let place = info.location().map(ToString::to_string).unwrap_or_default();
    tracing::error!(message, place, "panic");
}

/// A text of somebody else as one line of at most 200 characters, such as a user agent: without
/// control characters, so that it cannot pretend to be another line of the log.
#[derive(Clone, Copy)]
pub struct Foreign<'a>(pub &'a str);

impl Foreign<'_> {
    const MAX_CHARS: usize = 200;
}

impl fmt::Display for Foreign<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut chars = self.0.chars();
        for c in chars.by_ref().take(Self::MAX_CHARS) {
            // Also what turns the direction of text or hides it.
            let is_hidden = c.is_control()
                || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
            f.write_char(if is_hidden { '\u{fffd}' } else { c })?;
        }
        if chars.next().is_some() { f.write_char('…') } else { Ok(()) }
    }
}

impl fmt::Debug for Foreign<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::sync::{Arc, Mutex};

    use serde_json::Value;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(level: LogLevel, format: LogFormat, colours: Colours, write: impl FnOnce()) -> String {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = subscriber(Log { level, format }, colours, move || writer.clone());
        tracing::subscriber::with_default(subscriber, write);
        let bytes = lines.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn json_has_one_object_a_line_with_the_request() {
        let text = logged(LogLevel::Info, LogFormat::Json, Colours::On, || {
            let _span = tracing::info_span!("request", request_id = "req_1").entered();
            tracing::info!(agent = %Foreign("a\nb\x1b[31m"), "started");
            tracing::warn!(count = 3, "late");
        });
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0]["message"], "started");
        assert_eq!(lines[0]["level"], "INFO");
        assert_eq!(lines[0]["span"]["request_id"], "req_1");
        assert_eq!(lines[0]["agent"], "a\u{fffd}b\u{fffd}[31m");
        assert!(lines[0]["timestamp"].is_string() && lines[0].get("spans").is_none());
        assert_eq!(lines[1]["count"], 3);
        assert!(!text.contains('\x1b'));
    }

    #[test]
    fn text_is_coloured_on_a_terminal_only() {
        let write = || tracing::info!(agent = %Foreign("a\nb"), "started");
        let plain = logged(LogLevel::Info, LogFormat::Text, Colours::Off, write);
        assert_eq!(plain.lines().count(), 1);
        assert!(plain.contains("INFO") && plain.contains("started") && !plain.contains('\x1b'));
        assert!(logged(LogLevel::Info, LogFormat::Text, Colours::On, write).contains('\x1b'));
    }

    #[test]
    fn the_level_holds_for_our_own_lines() {
        let write = || {
            tracing::error!("e1");
            tracing::warn!("w2");
            tracing::info!("i3");
            tracing::debug!("d4");
            tracing::trace!("t5");
        };
        for (level, written) in [
            (LogLevel::Error, 1),
            (LogLevel::Warn, 2),
            (LogLevel::Info, 3),
            (LogLevel::Debug, 4),
            (LogLevel::Trace, 5),
        ] {
            let text = logged(level, LogFormat::Json, Colours::Off, write);
            assert_eq!(text.lines().count(), written, "{level:?}");
        }
    }

    #[test]
    fn i12_libraries_write_nothing_below_warn_at_any_level() {
        let write = || {
            tracing::error!(target: "hyper::proto", "library-error");
            tracing::warn!(target: "reqwest", "library-warning");
            tracing::info!(target: "reqwest", "canary-482913");
            tracing::trace!(target: "hyper::proto", "canary-482913");
        };
        let text = logged(LogLevel::Trace, LogFormat::Json, Colours::Off, write);
        assert!(text.contains("library-error") && text.contains("library-warning"));
        assert!(!text.contains("canary"));
        let errors_only = logged(LogLevel::Error, LogFormat::Json, Colours::Off, write);
        assert_eq!(errors_only.lines().count(), 1);
    }

    #[test]
    fn foreign_text_is_bounded_and_shows_what_it_hides() {
        assert_eq!(Foreign(&"ä".repeat(500)).to_string().chars().count(), 201);
        assert_eq!(Foreign("Mozilla/5.0 (ü)").to_string(), "Mozilla/5.0 (ü)");
        assert_eq!(format!("{:?}", Foreign("a\u{202e}b\r\n")), "\"a\u{fffd}b\u{fffd}\u{fffd}\"");
    }
}
