//! `anygpt_compare`: the same question to several models at once, and if wanted a verdict on their answers.
//!
//! A slow or broken model does not affect the others: at the deadline, all answers so far are returned.
//!
//! Never here: how one model is asked.

use anygpt_core::{Annotations, Reservation};
use anygpt_providers::ChatRequest;
use futures_util::{StreamExt, future::BoxFuture, stream::FuturesUnordered};
use serde_json::Value;

use self::{
    judge::brief,
    result::{Compared, Listed, ResultBody},
};
use super::{
    answer,
    arguments::{Arguments, wrong_or_missing},
    common::{
        MAX_COST_USD, MAX_OUTPUT_CHARS, MAX_TOKENS, REASONING_EFFORT, TEMPERATURE, TIMEOUT, TOP_P,
        take_bounds,
    },
    conversation::{self, MESSAGES_AS_IN_CHAT, PROMPT, SYSTEM},
    input_schema::Detail,
    kind::{Choice, Name, Names, Text},
    parameter::Parameter,
    tool::{NetworkCall, Step, Tool},
};
use crate::{
    call::CallContext,
    error::{Advice, Error},
    gateway::{
        Gateway, NoopObserver, Observer, Plan, Reply, mock, price,
        purse::Purse,
        resolve::{self, LeftOut},
        token_limit,
    },
    offload::offload,
    outcome::Outcome,
    settings::Settings,
};

mod judge;
mod result;

pub(super) static TOOL: Tool = Tool {
    name: "anygpt_compare",
    is_default: true,
    title: "Compare models",
    description: "Ask several models the same question at once. mode all: all answers; fastest: the \
            first; judge: all, and another model's verdict on them.",
    instruction: "asks several at once.",
    annotations: Annotations {
        read_only: true,
        idempotent: false,
        open_world: true,
    },
    parameters: &[
        &PROMPT,
        &MESSAGES_AS_IN_CHAT,
        &SYSTEM,
        &MODELS,
        &MODE,
        &JUDGE_MODEL,
        &JUDGE_INSTRUCTIONS,
        &TEMPERATURE,
        &TOP_P,
        &MAX_TOKENS,
        &REASONING_EFFORT,
        &MAX_OUTPUT_CHARS,
        &MAX_COST_USD.described("For all of it"),
        &TIMEOUT,
    ],
    output_schema: concat!(
        r#"{"type":"object","properties":{"results":{"type":"array","items":{"type":"object"}},"#,
        r#""verdict":{"type":"object"},"fastest":{"type":"string"},"cost_usd":{"type":"number"},"#,
        r#""warnings":{"type":"array","items":{"type":"string"}}},"required":["results"]}"#,
    ),
    begin,
};

/// One model is no comparison, and more than eight answers are not read.
const MODELS: Parameter<Names> = Parameter::new("models", Names { least: 2, most: 8 })
    .required()
    .with(Detail::Limits);

const MODE: Parameter<Choice<Mode>> = Parameter::new(
    "mode",
    Choice {
        all: &[Mode::All, Mode::Fastest, Mode::Judge],
        name: Mode::name,
        parse: Mode::from_name,
    },
)
.with(Detail::Limits);

const JUDGE_MODEL: Parameter<Name> = Parameter::new("judge_model", Name);

const JUDGE_INSTRUCTIONS: Parameter<Text> =
    Parameter::new("judge_instructions", Text).described("What to judge by");

/// What is done with the answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    All,
    /// The first complete answer cancels the others.
    Fastest,
    Judge,
}

/// A comparison that is ready to begin.
#[derive(Debug)]
pub(super) struct Comparison {
    mode: Mode,
    entries: Vec<Entry>,
    /// The plan for each entry, or why there is none.
    plans: Vec<Result<Plan, Error>>,
    judge: Option<Judge>,
    /// The money that is in none of the shares, if the cost is limited.
    purse: Option<Purse>,
    /// One per model.
    shares: Vec<Purse>,
    warnings: Vec<String>,
}

/// One of the models.
#[derive(Debug)]
struct Entry {
    /// As the caller named it.
    requested: String,
    /// About the choice of the model.
    warnings: Vec<String>,
}

/// The judge and its criteria.
#[derive(Debug)]
struct Judge {
    /// Its messages are the question until the answers are there.
    plan: Plan,
    instructions: Option<String>,
}

/// The result of an entry.
enum EntryResult {
    Answer(Box<Reply>),
    Error(Error),
    /// Another one was faster.
    Cancelled,
}

/// The share of the time for the answers if there is a judge, in tenths.
const TENTHS_FOR_ANSWERS: u32 = 6;

fn begin(
    context: &CallContext,
    settings: &Settings,
    mut arguments: Arguments<'_>,
) -> Result<Step, Error> {
    let mut template = Plan::new(settings);
    template.request.messages = conversation::messages(&mut arguments)?;
    let models = models(&mut arguments)?;
    let mode = arguments.take(&MODE)?.unwrap_or(Mode::All);
    let judge_model = arguments.take(&JUDGE_MODEL)?;
    let instructions = arguments.take(&JUDGE_INSTRUCTIONS)?;
    let mut lowered = Vec::new();
    take_bounds(&mut arguments, settings, &mut template, &mut lowered)?;
    let mut warnings = arguments.warnings();
    warnings.append(&mut lowered);
    if mode != Mode::Judge && (judge_model.is_some() || instructions.is_some()) {
        warnings.push("judge_model and judge_instructions need mode judge".into());
    }

    // The judge has a share, too, and gets what the others do not use.
    let count = models.len();
    let shares = count + usize::from(mode == Mode::Judge);
    let purse = template.purse.clone();
    let shares = purse.as_ref().map(|purse| purse.share(count, shares));
    let shares = shares.unwrap_or_default();
    let (entries, plans) = entries(settings, &template, mode, models, &shares);
    warnings.extend(duplicate_warnings(&entries, &plans));
    let judge = match mode {
        Mode::Judge => Some(Judge {
            plan: judge_plan(settings, template, judge_model, &plans, &mut warnings)?,
            instructions,
        }),
        _ => None,
    };
    let comparison = Comparison {
        mode,
        entries,
        plans,
        judge,
        purse,
        shares,
        warnings,
    };
    if comparison.is_offline(settings) {
        return Ok(Step::Done(comparison.at_once(context, settings)));
    }
    Ok(Step::Network(Box::new(comparison)))
}

fn models(arguments: &mut Arguments<'_>) -> Result<Vec<String>, Error> {
    let models = arguments.take(&MODELS)?;
    let Names { least, most } = MODELS.kind;
    if models.len() >= least {
        return Ok(models);
    }
    let found = (!models.is_empty()).then(|| Value::from(models));
    let allowed =
        format!("an array of {least} to {most} names, each as model of anygpt_chat_completion");
    Err(wrong_or_missing(MODELS.name, found.as_ref(), &allowed))
}

/// The entries and their plans, each with its share of the money.
fn entries(
    settings: &Settings,
    template: &Plan,
    mode: Mode,
    models: Vec<String>,
    shares: &[Purse],
) -> (Vec<Entry>, Vec<Result<Plan, Error>>) {
    let timeout = match mode {
        Mode::Judge => template.timeout * TENTHS_FOR_ANSWERS / 10,
        _ => template.timeout,
    };
    let entries = models.into_iter().enumerate().map(|(position, requested)| {
        let mut warnings = Vec::new();
        let template = Plan {
            purse: shares.get(position).cloned(),
            timeout,
            ..template.clone()
        };
        let plan = plan(settings, template, &requested, &mut warnings);
        (
            Entry {
                requested,
                warnings,
            },
            plan,
        )
    });
    entries.unzip()
}

impl Mode {
    fn name(self) -> &'static str {
        match self {
            Mode::All => "all",
            Mode::Fastest => "fastest",
            Mode::Judge => "judge",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        match name.trim() {
            "all" => Some(Mode::All),
            "fastest" => Some(Mode::Fastest),
            "judge" => Some(Mode::Judge),
            _ => None,
        }
    }
}

/// The plan for a single model.
fn plan(
    settings: &Settings,
    template: Plan,
    name: &str,
    warnings: &mut Vec<String>,
) -> Result<Plan, Error> {
    let chain = resolve::chain(settings, None, Some(name), &[])?;
    warnings.extend(chain.left_out.iter().map(LeftOut::for_client));
    let mut plan = Plan {
        targets: chain.targets,
        ..template
    };
    if plan.purse.is_some() {
        warnings.extend(token_limit::affordable(settings, &mut plan)?);
    }
    Ok(plan)
}

/// The plan for the judge: the named model, else the default model, else the first one compared.
fn judge_plan(
    settings: &Settings,
    template: Plan,
    named: Option<String>,
    plans: &[Result<Plan, Error>],
    warnings: &mut Vec<String>,
) -> Result<Plan, Error> {
    if let Some(name) = named {
        return plan(settings, template, &name, warnings);
    }
    let mut notes = Vec::new();
    let default = settings.default_model.as_deref();
    let default = default.map(|name| plan(settings, template.clone(), name, &mut notes));
    if let Some(Ok(plan)) = default {
        warnings.extend(notes);
        return Ok(plan);
    }
    let first = plans.iter().flatten().next();
    Ok(Plan {
        targets: first.map(|plan| plan.targets.clone()).unwrap_or_default(),
        ..template
    })
}

/// Warnings about names of the same model.
fn duplicate_warnings(entries: &[Entry], plans: &[Result<Plan, Error>]) -> Vec<String> {
    let mut notes = Vec::new();
    for (position, plan) in plans.iter().enumerate() {
        let Ok(plan) = plan else { continue };
        let same = |earlier: &Result<Plan, Error>| matches!(earlier, Ok(earlier) if earlier.targets == plan.targets);
        if let Some(first) = plans[..position].iter().position(same) {
            notes.push(format!(
                "{} and {} are the same model, which is asked twice",
                entries[first].requested, entries[position].requested
            ));
        }
    }
    notes
}

impl NetworkCall for Comparison {
    fn run<'a>(
        self: Box<Self>,
        context: &'a CallContext,
        gateway: &'a Gateway,
        observer: &'a mut dyn Observer,
    ) -> BoxFuture<'a, Outcome> {
        Box::pin(self.compare(context, gateway, observer))
    }
}

impl Comparison {
    /// Whether no request leaves the process.
    fn is_offline(&self, settings: &Settings) -> bool {
        let judge = self.judge.as_ref().map(|judge| &judge.plan);
        let mut plans = self.plans.iter().flatten().chain(judge);
        plans.all(|plan| plan.targets.is_empty() || mock::is_first_target(settings, plan))
    }

    /// Asks only built-in echoes.
    fn at_once(mut self, context: &CallContext, settings: &Settings) -> Outcome {
        let mut fastest = None;
        let mut results = Vec::new();
        for (position, plan) in self.plans.drain(..).enumerate() {
            results.push(match plan {
                Err(problem) => EntryResult::Error(problem),
                Ok(_) if fastest.is_some() => EntryResult::Cancelled,
                Ok(mut plan) if mock::is_first_target(settings, &plan) => {
                    EntryResult::Answer(mock::reply(context, settings, &mut plan))
                }
                Ok(_) => EntryResult::Cancelled,
            });
            if self.mode == Mode::Fastest && matches!(results[position], EntryResult::Answer(_)) {
                fastest = Some(position);
            }
        }
        let judge = self.judge.take();
        let verdict = judge
            .and_then(|judge| self.judged(judge, &results))
            .filter(|plan| mock::is_first_target(settings, plan))
            .map(|mut plan| mock::reply(context, settings, &mut plan));
        let cost = context.spent();
        self.outcome(results, fastest, verdict, cost)
    }

    async fn compare(
        mut self: Box<Self>,
        context: &CallContext,
        gateway: &Gateway,
        observer: &mut dyn Observer,
    ) -> Outcome {
        let count = self.plans.len();
        observer.on_status(&format!("asking {count} models"));
        let mut results = Vec::new();
        let mut running = FuturesUnordered::new();
        for (position, plan) in self.plans.drain(..).enumerate() {
            results.push(match plan {
                Err(problem) => EntryResult::Error(problem),
                Ok(plan) => {
                    running.push(async move {
                        let result = gateway.chat(context, &plan, &mut NoopObserver).await;
                        (position, result)
                    });
                    EntryResult::Cancelled
                }
            });
        }
        let mut fastest = None;
        while let Some((position, result)) = running.next().await {
            let is_whole = matches!(&result, Ok(reply) if !reply.partial);
            results[position] = match result {
                Ok(reply) => EntryResult::Answer(reply),
                Err(problem) => EntryResult::Error(problem),
            };
            observer.on_status(&progress_message(&results));
            if is_whole && self.mode == Mode::Fastest {
                fastest = Some(position);
                break;
            }
        }
        // Closes the connections of the others.
        drop(running);
        if let Some(purse) = &self.purse {
            for share in &self.shares {
                purse.take_back(share);
            }
        }
        let judge = self.judge.take();
        let mut verdict = None;
        if let Some(plan) = judge.and_then(|judge| self.judged(judge, &results)) {
            observer.on_status(&format!("{}, judging", progress_message(&results)));
            match gateway.chat(context, &plan, observer).await {
                Ok(reply) => verdict = Some(reply),
                Err(problem) => self
                    .warnings
                    .push(format!("There is no verdict: {}", problem.for_client())),
            }
        }
        let replies = results.iter().filter_map(|result| match result {
            EntryResult::Answer(reply) => Some(reply.answer.length()),
            _ => None,
        });
        let length = replies.sum();
        let cost = context.spent();
        offload(length, move || {
            self.outcome(results, fastest, verdict, cost)
        })
        .await
    }

    /// The plan for the judge with all answers, if there are at least two.
    fn judged(&mut self, judge: Judge, results: &[EntryResult]) -> Option<Plan> {
        let answers: Vec<(char, &str)> = results
            .iter()
            .zip(LABELS)
            .filter_map(|(result, label)| match result {
                EntryResult::Answer(reply) => Some((label, reply.answer.text.trim())),
                _ => None,
            })
            .filter(|(_, text)| !text.is_empty())
            .collect();
        if answers.len() < 2 {
            self.warnings
                .push("There is no verdict: fewer than two models answered".into());
            return None;
        }
        let mut plan = judge.plan;
        plan.request = ChatRequest {
            messages: brief(
                &plan.request.messages,
                &answers,
                judge.instructions.as_deref(),
            ),
            max_tokens: plan.request.max_tokens,
            effort: plan.request.effort,
            ..ChatRequest::default()
        };
        Some(plan)
    }

    fn outcome(
        mut self,
        results: Vec<EntryResult>,
        fastest: Option<usize>,
        mut verdict: Option<Box<Reply>>,
        cost: Option<f64>,
    ) -> Outcome {
        let has_answer = results
            .iter()
            .any(|result| matches!(result, EntryResult::Answer(_)));
        if !has_answer {
            return self.all_failed(&results);
        }
        let is_judged = self.mode == Mode::Judge;
        let fastest = fastest.map(|position| self.entries[position].requested.clone());
        let entries = self.entries.iter_mut().zip(&results).zip(LABELS);
        let mut none = Vec::new();
        let structured = Compared {
            fastest,
            results: entries
                .map(|((entry, result), label)| Listed {
                    label: is_judged.then_some(label),
                    asked: &entry.requested,
                    status: result.status(),
                    body: result.body(&mut entry.warnings),
                })
                .collect(),
            verdict: verdict
                .as_ref()
                .map(|reply| answer::structured(reply, false, None, &mut none)),
            cost_usd: cost.map(price::rounded),
            warnings: &self.warnings,
        };
        let text = structured.text();
        let structured = serde_json::to_string(&structured).ok();
        let note =
            (!self.warnings.is_empty()).then(|| format!("Note: {}", self.warnings.join(". ")));
        let replies = results.into_iter().filter_map(|result| match result {
            EntryResult::Answer(reply) => reply.reservation,
            _ => None,
        });
        let verdict = verdict.as_mut().and_then(|reply| reply.reservation.take());
        Outcome {
            text,
            note,
            structured,
            reservation: replies.chain(verdict).reduce(Reservation::and),
            ..Outcome::default()
        }
    }

    /// Every model has failed.
    fn all_failed(&self, results: &[EntryResult]) -> Outcome {
        let errors = self.entries.iter().zip(results);
        let errors = errors.filter_map(|(entry, result)| match result {
            EntryResult::Error(error) => Some(
                error
                    .clone()
                    .advise(Advice::RequestedAs(entry.requested.clone())),
            ),
            _ => None,
        });
        Outcome::failed(errors.collect())
    }
}

/// Names of the answers in the judge's prompt.
const LABELS: std::ops::RangeInclusive<char> = 'A'..='H';

impl EntryResult {
    fn status(&self) -> &'static str {
        match self {
            EntryResult::Answer(reply) if reply.partial => "partial",
            EntryResult::Answer(_) => "ok",
            EntryResult::Error(_) => "error",
            EntryResult::Cancelled => "cancelled",
        }
    }

    fn body<'a>(&'a self, warnings: &'a mut Vec<String>) -> ResultBody<'a> {
        let error = match self {
            EntryResult::Answer(reply) => {
                let structured = answer::structured(reply, false, None, warnings);
                return ResultBody::Answer(Box::new(structured));
            }
            EntryResult::Error(error) => Some(error.for_client()),
            EntryResult::Cancelled => None,
        };
        ResultBody::Nothing { error, warnings }
    }
}

/// The progress message.
fn progress_message(results: &[EntryResult]) -> String {
    let count =
        |status: fn(&EntryResult) -> bool| results.iter().filter(|result| status(result)).count();
    let answered = count(|result| matches!(result, EntryResult::Answer(_)));
    let failed = count(|result| matches!(result, EntryResult::Error(_)));
    let failed = match failed {
        0 => String::new(),
        failed => format!(", {failed} failed"),
    };
    format!("{answered} of {} answered{failed}", results.len())
}
