//! How cost grows: with the size of a message, the calls in flight, the length of an answer, the models configured.
//!
//! Never here: the charts made of it.

use std::{fs, io};

use crate::{
    gateway,
    load::Load,
    process::Subject,
    report::Report,
    stdio::{self, Effort, Field},
};

pub(crate) const BY_SIZE: &str = "microseconds by bytes of the message";
pub(crate) const BY_MODELS: &str = "by models configured";

pub(crate) fn run(field: &Field<'_>, effort: Effort, report: &mut Report) -> io::Result<()> {
    let effort = Effort {
        rounds: 3,
        lives: effort.lives.min(21),
        ..effort
    };
    let alone = Field {
        peers: &[],
        ..*field
    };
    let mut series: Vec<(String, Vec<(f64, f64)>)> = Vec::new();
    for bytes in [
        100, 1_000, 10_000, 100_000, 1_000_000, 4_000_000, 15_000_000,
    ] {
        // Peers take part in messages up to 1 MB.
        let field = if bytes > 1_000_000 { &alone } else { field };
        let row = stdio::measure(field, &Load::call(bytes, 1), effort)?;
        for (who, time) in row.values() {
            let point = (bytes as f64, time);
            match series.iter_mut().find(|(name, _)| name == who) {
                Some((_, points)) => points.push(point),
                None => series.push((who.to_owned(), vec![point])),
            }
        }
    }
    for (who, points) in series {
        report.add_series(&format!("{BY_SIZE}: {who}"), points);
    }

    let mut times = [Vec::new(), Vec::new()];
    for models in [1, 10, 100, 1_000, 10_000] {
        let file = field.folder.join("models.yaml");
        fs::write(&file, configuration(models))?;
        let subject = Subject::configured(field.ours, &file);
        let load = Load::call_of(format!("tag-{}", models - 1));
        let (each, start) = stdio::alone(&subject, &load, effort)?;
        times[0].push((models as f64, start * 1e3));
        times[1].push((models as f64, each));
    }
    let [starts, calls] = times;
    report.add_series(&format!("microseconds {BY_MODELS}: start"), starts);
    report.add_series(&format!("microseconds {BY_MODELS}: call"), calls);

    gateway::growth(field.ours, field.folder, effort.share(), report)
}

/// So many models, some of them with a tag, including the last one: a file may hold 20,000 values.
fn configuration(models: usize) -> String {
    let mut text =
        String::from("providers:\n  mock: {type: mock}\ndefaults: {provider: mock}\nmodels:\n");
    for model in 0..models {
        let tags = match model % 10 == 0 || model + 1 == models {
            true => format!("tags: [tag-{model}]"),
            false => String::new(),
        };
        text.push_str(&format!("  mock/model-{model}: {{{tags}}}\n"));
    }
    text
}
