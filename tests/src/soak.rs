//! A soak: several long sessions of the program at once, with mixed calls of every kind to a provider that fails, and
//! checks all the time.
//!
//! Here: the whole run. In `traffic`: the messages, generated from a seed. In `ledger`: the answers that must come. In
//! `talk`: one session. In `growth`: whether a process grows. Never here: the command line and the table.

mod growth;
mod ledger;
mod talk;
mod traffic;

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use jsonschema::Validator;
use serde_json::Value;

use crate::provider::Provider;
use crate::schema;

pub use growth::Sample;
pub use ledger::Tally;
use talk::{Start, Talk};

/// The parameters of a soak.
#[derive(Clone, Debug)]
pub struct Plan {
    pub program: PathBuf,
    /// How long calls are sent.
    pub time: Duration,
    /// The same seed gives the same messages, but not the same timing.
    pub seed: u64,
    /// Sessions at once, each with a process of its own.
    pub sessions: usize,
}

/// The result of one session.
#[derive(Debug)]
pub struct Told {
    pub revision: &'static str,
    /// Counts of messages.
    pub tally: Tally,
    /// Samples of the process, each taken while nothing was in flight.
    pub samples: Vec<Sample>,
    /// Most bytes it ever held.
    pub peak: u64,
    /// Lines checked against the official schemas.
    pub judged: usize,
}

/// Requests that the mock provider keeps.
const REMEMBERED: usize = 1000;

/// The share of the time after which a process must not grow any more.
const WARM_UP: f64 = 0.2;

/// Extra time for the last answers, and for a machine under load.
const SLACK: Duration = Duration::from_secs(180);

/// Tags can only be set in a file.
const SETTINGS: &str = "\
models:
  openai/gpt-4.1: { tags: [fast] }
  anthropic/claude-sonnet-5: { tags: [fast, smart] }
";

/// Soaks the program.
///
/// # Errors
///
/// The first problem, with the last lines of its session.
pub fn run(plan: &Plan) -> Result<Vec<Told>, String> {
    let provider = Provider::start();
    provider.remember(REMEMBERED);
    let settings = std::env::temp_dir().join(format!("anygpt-soak-{}.yaml", std::process::id()));
    fs::write(&settings, SETTINGS).map_err(|error| format!("{}: {error}", settings.display()))?;
    let told = soak(plan, &provider, &settings);
    _ = fs::remove_file(&settings);
    told
}

fn soak(plan: &Plan, provider: &Provider, settings: &Path) -> Result<Vec<Told>, String> {
    let mut variables: Vec<(String, String)> = Vec::new();
    let urls = provider.env().into_iter().chain(provider.compatible_env());
    variables.extend(urls.map(|(name, value)| (name.to_owned(), value)));
    // More models than the program reads.
    let endless = format!(
        "http://127.0.0.1:{}/list-30000/compatible/v1",
        provider.port()
    );
    for (name, value) in [
        ("ANYGPT_PROVIDER_ENDLESS_BASE_URL", &*endless),
        ("ANYGPT_TOOLS", "all"),
        ("DOCKER_MODEL_RUNNER", "off"),
        ("CONFIG_FILE", &settings.to_string_lossy()),
    ] {
        variables.push((name.to_owned(), value.to_owned()));
    }
    let schemas = Arc::new(output_schemas(&plan.program, &variables)?);

    let until = Instant::now() + plan.time;
    let (sender, done) = mpsc::channel();
    for number in 0..plan.sessions {
        let start = Start {
            program: plan.program.clone(),
            variables: variables.clone(),
            schemas: Arc::clone(&schemas),
            seed: plan.seed.wrapping_add(number as u64),
            number,
        };
        let sender = sender.clone();
        thread::spawn(move || {
            let talk = Talk::open(start).and_then(|mut talk| {
                talk.soak(until)?;
                Ok(talk)
            });
            _ = sender.send(talk);
        });
    }
    let mut talks = Vec::new();
    for _ in 0..plan.sessions {
        let left = (until + SLACK).saturating_duration_since(Instant::now());
        let talk = done
            .recv_timeout(left)
            .map_err(|_| "a session hangs: the program does not read its input".to_owned())?;
        talks.push(talk?);
    }

    // Kept connections are not leaks; all others are.
    provider.close_idle();
    talks.iter().try_for_each(Talk::expect_nothing_open)?;
    let warm = plan.time.mul_f64(WARM_UP);
    let told = talks.into_iter().map(|talk| talk.finish(warm));
    let told = told.collect::<Result<Vec<Told>, String>>()?;
    let deadline = Instant::now() + Duration::from_secs(60);
    while provider.open_connections() > 0 {
        if Instant::now() > deadline {
            let open = provider.open_connections();
            return Err(format!("{open} connections are open without a process"));
        }
        thread::sleep(Duration::from_millis(10));
    }
    Ok(told)
}

type Schemas = HashMap<String, Option<Arc<Validator>>>;

/// The schemas of the tools' results, as the program lists them.
fn output_schemas(program: &Path, variables: &[(String, String)]) -> Result<Schemas, String> {
    let failed = |what: &dyn std::fmt::Display| format!("{} tools: {what}", program.display());
    let listed = Command::new(program)
        .args(["tools", "--json"])
        .env_clear()
        .envs(variables.iter().cloned())
        .output()
        .map_err(|error| failed(&error))?;
    let tools: Vec<Value> =
        serde_json::from_slice(&listed.stdout).map_err(|error| failed(&error))?;
    let schema = |tool: &Value| {
        let name = tool["name"].as_str().unwrap_or_default().to_owned();
        let schema = tool.get("outputSchema");
        let schema = schema.map(|schema| Arc::new(schema::compile(schema, &name)));
        (name, schema)
    };
    Ok(tools.iter().map(schema).collect())
}
