//! The plot: wall time and memory against the number of pods, both axes logarithmic.

use std::fmt::Write;

use crate::clients::Client;
use crate::measure::Cost;
use crate::report::median;
use crate::run::Costs;

const WIDTH: f64 = 420.0;
const HEIGHT: f64 = 300.0;
const MARGIN: f64 = 56.0;

/// The lines, and how they look on light and dark pages.
const LINES: [(Client, &str, &str); 7] = [
    (Client::Raw, "raw JSON", "#8c8c8c"),
    (Client::Ours, "privEscalation", "#d62728"),
    (Client::OursThree, "three rules", "#ff9896"),
    (Client::OursJson, "privEscalation, JSON", "#1f77b4"),
    (Client::Typed, "k8s-openapi", "#2ca02c"),
    (Client::PythonOrjson, "requests + orjson", "#9467bd"),
    (Client::PythonKubernetes, "Python client", "#8c564b"),
];

/// What of a cost is drawn.
type Part = fn(&Cost) -> f64;

/// One of the two axes' pairs.
struct Panel {
    title: &'static str,
    left: f64,
    part: Part,
    pods: (f64, f64),
    values: (f64, f64),
}

/// The plot of all runs without a delay.
pub(crate) fn svg(costs: &Costs) -> String {
    let measured: Vec<usize> = costs.keys().filter(|key| key.1 == 0).map(|key| key.0).collect();
    let (Some(least), Some(most)) = (measured.iter().min(), measured.iter().max()) else { return String::new() };
    let width = 2.0 * (WIDTH + MARGIN) + 190.0;
    let height = HEIGHT + 2.0 * MARGIN;
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
    );
    let parts: [(&'static str, Part); 2] =
        [("wall, seconds", |cost| cost.wall), ("peak memory, MiB", |cost| cost.peak_memory as f64 / 1_048_576.0)];
    for (number, (title, part)) in parts.into_iter().enumerate() {
        let values = || costs.iter().filter(|(key, _)| key.1 == 0).map(|(_, costs)| median(costs, part));
        let lowest = 10_f64.powf(values().fold(f64::INFINITY, f64::min).log10().floor());
        let highest = 10_f64.powf(values().fold(0.0, f64::max).log10().ceil());
        let panel = Panel {
            title,
            left: MARGIN + number as f64 * (WIDTH + MARGIN),
            part,
            pods: (*least as f64, (*most as f64).max(*least as f64 + 1.0)),
            values: (lowest, highest.max(lowest * 10.0)),
        };
        panel.draw(costs, &mut text);
    }
    for (number, (_, words, colour)) in LINES.iter().filter(|line| costs.keys().any(|key| key.2 == line.0)).enumerate()
    {
        let (x, y) = (2.0 * (WIDTH + MARGIN) + 20.0, MARGIN + 20.0 * number as f64);
        let _ = writeln!(
            text,
            "<line x1=\"{x}\" y1=\"{y}\" x2=\"{}\" y2=\"{y}\" stroke=\"{colour}\" stroke-width=\"2\"/><text x=\"{}\" y=\"{}\">{words}</text>",
            x + 24.0,
            x + 30.0,
            y + 4.0
        );
    }
    text.push_str("</svg>\n");
    text
}

impl Panel {
    fn x(&self, pods: f64) -> f64 {
        let share = (pods / self.pods.0).ln() / (self.pods.1 / self.pods.0).ln();
        self.left + share * (WIDTH - 20.0)
    }

    fn y(&self, value: f64) -> f64 {
        let share = (value / self.values.0).ln() / (self.values.1 / self.values.0).ln();
        MARGIN + HEIGHT * (1.0 - share)
    }

    fn draw(&self, costs: &Costs, text: &mut String) {
        let (left, right, bottom) = (self.left, self.left + WIDTH - 20.0, MARGIN + HEIGHT);
        let _ = writeln!(
            text,
            "<text x=\"{left}\" y=\"{}\" font-weight=\"bold\">{}</text>\n\
             <rect x=\"{left}\" y=\"{MARGIN}\" width=\"{}\" height=\"{HEIGHT}\" fill=\"none\" stroke=\"#444\"/>",
            MARGIN - 12.0,
            self.title,
            right - left
        );
        let mut value = self.values.0;
        while value <= self.values.1 * 1.001 {
            let y = self.y(value);
            let _ = writeln!(
                text,
                "<line x1=\"{left}\" y1=\"{y:.1}\" x2=\"{right}\" y2=\"{y:.1}\" stroke=\"#ddd\"/>\
                 <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{value}</text>",
                left - 6.0,
                y + 4.0
            );
            value *= 10.0;
        }
        let mut counts: Vec<usize> = costs.keys().map(|key| key.0).collect();
        counts.dedup();
        for pods in counts {
            let words = if pods >= 1000 { format!("{}k", pods / 1000) } else { pods.to_string() };
            let _ = writeln!(
                text,
                "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">{words}</text>",
                self.x(pods as f64),
                bottom + 18.0
            );
        }
        for (client, _, colour) in LINES {
            let points: Vec<(f64, f64)> = costs
                .iter()
                .filter(|((_, delay, of), _)| (*delay, *of) == (0, client))
                .map(|((pods, _, _), costs)| (self.x(*pods as f64), self.y(median(costs, self.part))))
                .collect();
            let path: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
            let _ = writeln!(
                text,
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
                path.join(" ")
            );
            for (x, y) in points {
                let _ = writeln!(text, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{colour}\"/>");
            }
        }
    }
}
