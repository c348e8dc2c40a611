//! Charts as SVG with logarithmic axes, so that factors of two and of a hundred are both visible.
//!
//! Never here: measuring.

use std::{fmt::Write, fs, io, path::Path};

use crate::{gateway, growth, numbers::short, report::Report};

const COLOURS: [&str; 6] = [
    "#9aa0a6", "#1a73e8", "#e8710a", "#12a06b", "#b0388f", "#5f4bb6",
];

/// All charts of a report, each a file in the folder.
pub(crate) fn write(report: &Report, folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let save = |name: &str, svg: String| fs::write(folder.join(name), svg);
    save(
        "messages.svg",
        bars(
            "Microseconds per message (shorter is better)",
            &report.compared("µs"),
        ),
    )?;
    save(
        "start.svg",
        bars("Milliseconds (shorter is better)", &report.compared("ms")),
    )?;
    let memory = report.compared("MiB");
    if !memory.is_empty() {
        save("resident.svg", bars("MiB (shorter is better)", &memory))?;
    }
    for (file, title, unit) in [
        ("size.svg", growth::BY_SIZE.to_owned(), "bytes"),
        (
            "flight.svg",
            gateway::RATE_BY_FLIGHT.to_owned(),
            "in flight, at a provider that takes 50 ms",
        ),
        (
            "memory.svg",
            gateway::MEMORY_BY_FLIGHT.to_owned(),
            "in flight",
        ),
        ("tokens.svg", gateway::TIME_BY_TOKENS.to_owned(), "tokens"),
        (
            "models.svg",
            format!("microseconds {}", growth::BY_MODELS),
            "models",
        ),
    ] {
        save(file, lines(&title, unit, &report.series_of(&title)))?;
    }
    Ok(())
}

const WIDTH: f64 = 760.0;
const LEFT: f64 = 220.0;

/// A group of bars for each row.
fn bars(title: &str, rows: &[(&str, Vec<(&str, f64)>)]) -> String {
    let all = || {
        rows.iter()
            .flat_map(|(_, values)| values.iter().map(|(_, value)| *value))
    };
    let (least, most) = decades(all());
    let scale = |value: f64| (value.log10() - least) / (most - least) * (WIDTH - LEFT - 80.0);
    let mut body = String::new();
    let mut y = 40.0;
    for (name, values) in rows {
        let middle = y + values.len() as f64 * 7.0 + 4.0;
        let _ = writeln!(
            body,
            r#"<text x="{}" y="{middle:.0}" text-anchor="end">{}</text>"#,
            LEFT - 8.0,
            plain(name)
        );
        let colours = colours(values.iter().map(|(who, _)| *who));
        for ((who, value), colour) in values.iter().zip(colours) {
            let width = scale(*value).max(1.0);
            let _ = writeln!(
                body,
                r#"<rect x="{LEFT}" y="{y:.0}" width="{width:.1}" height="12" fill="{colour}"/><text x="{:.1}" y="{:.0}" class="s">{} {}</text>"#,
                LEFT + width + 4.0,
                y + 10.0,
                short(*value),
                plain(who)
            );
            y += 14.0;
        }
        y += 10.0;
    }
    frame(title, y, &body)
}

/// A line for each series.
fn lines(title: &str, unit: &str, series: &[(&str, &[(f64, f64)])]) -> String {
    const HEIGHT: f64 = 300.0;
    const MARGIN: f64 = 70.0;
    let points = || series.iter().flat_map(|(_, points)| points.iter().copied());
    let (left, right) = decades(points().map(|(x, _)| x));
    let (bottom, top) = decades(points().map(|(_, y)| y));
    let x =
        |value: f64| MARGIN + (value.log10() - left) / (right - left) * (WIDTH - MARGIN - 100.0);
    let y = |value: f64| 40.0 + (top - value.log10()) / (top - bottom) * (HEIGHT - 90.0);
    let mut body = String::new();
    let mut grid = |from: f64, to: f64, line: &dyn Fn(f64, &str) -> String| {
        let mut power = from;
        while power <= to {
            let value = 10f64.powf(power);
            let label = if value >= 1e6 {
                format!("{} M", value / 1e6)
            } else {
                format!("{value}")
            };
            body.push_str(&line(value, &label));
            power += 1.0;
        }
    };
    grid(left, right, &|value, label| {
        format!(
            "<path d=\"M{0:.1} 40V{1}\" class=\"g\"/><text x=\"{0:.1}\" y=\"{2}\" text-anchor=\"middle\" class=\"s\">{label}</text>\n",
            x(value),
            HEIGHT - 50.0,
            HEIGHT - 34.0
        )
    });
    grid(bottom, top, &|value, label| {
        format!(
            "<path d=\"M{MARGIN} {0:.1}H{1}\" class=\"g\"/><text x=\"{2}\" y=\"{3:.1}\" text-anchor=\"end\" class=\"s\">{label}</text>\n",
            y(value),
            WIDTH - 100.0,
            MARGIN - 6.0,
            y(value) + 4.0
        )
    });
    let colours = colours(series.iter().map(|(name, _)| *name));
    let mut labels: Vec<(f64, f64, String)> = Vec::new();
    for ((name, points), colour) in series.iter().zip(colours) {
        let path: String = points
            .iter()
            .enumerate()
            .map(|(place, (px, py))| {
                let verb = if place == 0 { 'M' } else { 'L' };
                format!("{verb}{:.1} {:.1}", x(*px), y(*py))
            })
            .collect();
        let end = points.last().copied().unwrap_or((1.0, 1.0));
        let _ = writeln!(
            body,
            r#"<path d="{path}" fill="none" stroke="{colour}" stroke-width="2"/>"#
        );
        let text = format!(r#"style="fill:{colour}">{}"#, plain(name));
        labels.push((x(end.0) + 6.0, y(end.1) + 4.0, text));
    }
    // Lines that end at the same height: their names below each other.
    labels.sort_by(|one, other| one.1.total_cmp(&other.1));
    for place in 1..labels.len() {
        let (above, rest) = labels.split_at_mut(place);
        let beside = |label: &&(f64, f64, String)| (label.0 - rest[0].0).abs() < 90.0;
        if let Some(last) = above.iter().rfind(beside) {
            rest[0].1 = rest[0].1.max(last.1 + 12.0);
        }
    }
    for (x, y, text) in labels {
        let _ = writeln!(body, r#"<text x="{x:.1}" y="{y:.1}" {text}</text>"#);
    }
    let _ = writeln!(
        body,
        r#"<text x="{}" y="{}" text-anchor="middle">{}</text>"#,
        WIDTH / 2.0,
        HEIGHT - 12.0,
        plain(unit)
    );
    frame(title, HEIGHT, &body)
}

/// A colour for each name: grey for the base, the first one after it for ours.
fn colours<'a>(names: impl Iterator<Item = &'a str>) -> impl Iterator<Item = &'static str> {
    let mut next = 0;
    names.map(move |name| {
        if matches!(name, "base" | "direct") {
            return COLOURS[0];
        }
        next = next % (COLOURS.len() - 1) + 1;
        COLOURS[next]
    })
}

fn frame(title: &str, height: f64, body: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height:.0}\" font-family=\"sans-serif\" \
         font-size=\"12\">\n<style>text{{fill:#333}}.s{{font-size:10px}}.g{{stroke:#ddd}}</style>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n<text x=\"12\" y=\"22\" font-size=\"15\">{}</text>\n{body}</svg>\n",
        plain(title)
    )
}

/// The powers of ten around all values.
fn decades(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (least, most) = values.filter(|value| *value > 0.0).map(f64::log10).fold(
        (f64::INFINITY, f64::NEG_INFINITY),
        |(least, most), value| (least.min(value), most.max(value)),
    );
    if least > most {
        return (0.0, 1.0);
    }
    let least = least.floor();
    (least, most.ceil().max(least + 1.0))
}

fn plain(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
