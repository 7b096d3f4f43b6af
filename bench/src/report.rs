//! `docs/benchmarks.md`.

use std::fmt::Write;

use crate::clients::Client;
use crate::measure::Cost;
use crate::run::Results;

const MIB: f64 = 1_048_576.0;

/// The whole report.
pub(crate) fn markdown(results: &Results) -> String {
    let mut text = String::new();
    head(results, &mut text);
    let mut groups: Vec<(usize, u64)> = results.costs.keys().map(|(pods, delay, _)| (*pods, *delay)).collect();
    groups.dedup();
    for delay in [0, 1] {
        for (pods, milliseconds) in groups.iter().filter(|group| u64::from(group.1 > 0) == delay) {
            table(results, *pods, *milliseconds, &mut text);
        }
    }
    cold_starts(results, &mut text);
    readings(results, &mut text);
    text.push_str(include_str!("../profile.md"));
    text
}

fn head(results: &Results, text: &mut String) {
    let (json, protobuf) = results.pod_bytes;
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let processor = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = processor.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    let model = model.map_or("an unknown processor", |(_, name)| name.trim());
    let _ = write!(
        text,
        "# What a scan costs\n\n\
         Written by `cargo run --release -p bench`, which needs no network: a server process lists a cluster over TLS on\n\
         loopback, each client reads it in a process of its own. A pod is {json} bytes of JSON, {protobuf} of protobuf; nothing\n\
         is found. Wall and CPU are seconds of the client, from the start of `main`, with its TLS handshake; memory is the most\n\
         that was resident. Ratios are to the JSON of the same pods read and thrown away, in pages of 500 one after the other.\n\
         Where a client ran several times the median stands, and the least and the most behind it.\n\n\
         Measured on {cores} cores of {model}, server and client beside each other. {}\n\n\
         ![Wall time and memory against the number of pods](benchmarks.svg)\n\n",
        results
            .python
            .as_deref()
            .map_or("No Python with kubernetes, requests and orjson was there.".to_owned(), |python| format!(
                "{python}."
            ))
    );
    aims(results, text);
}

/// The ratios that matter, in one place.
fn aims(results: &Results, text: &mut String) {
    let of = |pods: usize, delay: u64, client| results.costs.get(&(pods, delay, client));
    let Some(most) = results.costs.keys().map(|key| key.0).filter(|pods| *pods <= 100_000).max() else { return };
    let cpu = |pods, client| of(pods, 0, client).map(|costs| median(costs, |cost| cost.cpu));
    let per_pod = |client| {
        // Python reads fewer pods; what it takes for one of them hardly changes.
        let pods =
            results.costs.keys().filter(|key| key.2 == client && key.1 == 0 && key.0 <= most).map(|key| key.0).max()?;
        Some(cpu(pods, client)? / pods as f64)
    };
    let _ = writeln!(text, "| at {most} pods | |\n|---|---|");
    let line = |what: &str, value: Option<String>, text: &mut String| {
        if let Some(value) = value {
            let _ = writeln!(text, "| {what} | {value} |");
        }
    };
    let ratio = |over: Client| Some(format!("{:.1} ×", per_pod(over)? / per_pod(Client::Ours)?));
    let over_raw =
        |part: fn(&Cost) -> f64, delay| ratio_of(of(most, delay, Client::Ours)?, of(most, delay, Client::Raw)?, part);
    line("CPU of privEscalation over raw JSON", over_raw(|cost| cost.cpu, 0), text);
    line("wall of privEscalation over raw JSON", over_raw(|cost| cost.wall, 0), text);
    line("the same with 50 ms a page", over_raw(|cost| cost.wall, 50), text);
    let compression = |part: fn(&Cost) -> f64, delay| {
        ratio_of(of(most, delay, Client::RawGzip)?, of(most, delay, Client::RawProtobuf)?, part)
    };
    line("CPU of reading protobuf gzip'd over plain", compression(|cost| cost.cpu, 0), text);
    line("wall of the same", compression(|cost| cost.wall, 0), text);
    line("wall of the same with 50 ms a page", compression(|cost| cost.wall, 50), text);
    line("CPU of k8s-openapi over privEscalation", ratio(Client::Typed), text);
    line("CPU of the Python kubernetes client over privEscalation, per pod", ratio(Client::PythonKubernetes), text);
    line("CPU of requests + orjson over privEscalation, per pod", ratio(Client::PythonOrjson), text);
    let peak = |pods| of(pods, 0, Client::Ours).map(|costs| median(costs, |cost| cost.peak_memory as f64) / MIB);
    line("peak memory of privEscalation", peak(most).map(|peak| format!("{peak:.1} MiB")), text);
    line(
        "the same beyond 10,000 pods",
        peak(most).zip(peak(10_000)).map(|(most, less)| format!("{:+.1} MiB", most - less)),
        text,
    );
    text.push('\n');
}

fn table(results: &Results, pods: usize, delay: u64, text: &mut String) {
    let _ = write!(
        text,
        "## {pods} pods{}\n\n| client | wall s | CPU s | peak MiB | pods/s | wall ÷ raw | CPU ÷ raw |\n|---|---|---|---|---|---|---|\n",
        if delay > 0 { format!(", {delay} ms a page") } else { String::new() }
    );
    let raw = results.costs.get(&(pods, delay, Client::Raw));
    for ((_, _, client), costs) in results.costs.iter().filter(|((p, d, _), _)| (*p, *d) == (pods, delay)) {
        let over = |part: fn(&Cost) -> f64| {
            raw.map_or_else(String::new, |raw| format!("{:.2}", median(costs, part) / median(raw, part)))
        };
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {:.0} | {} | {} |",
            client.words(),
            spread(costs, |cost| cost.wall, 3),
            spread(costs, |cost| cost.cpu, 3),
            spread(costs, |cost| cost.peak_memory as f64 / MIB, 1),
            pods as f64 / median(costs, |cost| cost.wall),
            over(|cost| cost.wall),
            over(|cost| cost.cpu),
        );
    }
    text.push('\n');
}

fn cold_starts(results: &Results, text: &mut String) {
    text.push_str(
        "## Cold start\n\nFrom the start of the process to its first poll of the Runtime API, and to its answer to the deletion of a \
         cluster,\nwhich is reported to AWS Config without asking a cluster. Medians.\n\n\
         | function | first poll ms | memory then MiB | first answer ms | binary MiB | zipped MiB |\n|---|---|---|---|---|---|\n",
    );
    for start in &results.cold_starts {
        let _ = writeln!(
            text,
            "| {} | {:.1} | {:.1} | {:.1} | {:.2} | {:.2} |",
            start.rule,
            start.first_poll,
            start.memory as f64 / MIB,
            start.first_answer,
            start.size as f64 / MIB,
            start.zipped as f64 / MIB
        );
    }
    if let Some(cost) = &results.python_start {
        let _ = writeln!(
            text,
            "| Python, its imports alone | {:.0} | {:.1} | | | |",
            cost.wall * 1000.0,
            cost.peak_memory as f64 / MIB
        );
    }
}

/// How fast manifests are read.
fn readings(results: &Results, text: &mut String) {
    text.push_str(
        "\n## Manifests\n\nPods as `kubectl get -o yaml` writes them, as many documents of YAML and as one List of JSON.\n\n\
         | reading | MB/s |\n|---|---|\n",
    );
    for reading in &results.readings {
        let _ = writeln!(text, "| {} | {:.0} |", reading.what, reading.megabytes_per_second);
    }
}

/// The ratio of runs that were made in turn: the median, the least and the most.
fn ratio_of(over: &[Cost], under: &[Cost], part: fn(&Cost) -> f64) -> Option<String> {
    let mut ratios: Vec<f64> = over.iter().zip(under).map(|(over, under)| part(over) / part(under)).collect();
    ratios.sort_by(f64::total_cmp);
    let (least, middle, most) = (ratios.first()?, ratios.get(ratios.len() / 2)?, ratios.last()?);
    Some(if ratios.len() < 2 { format!("{middle:.2} ×") } else { format!("{middle:.2} × ({least:.2}–{most:.2})") })
}

/// The middle one of the values.
pub(crate) fn median(costs: &[Cost], part: fn(&Cost) -> f64) -> f64 {
    let mut values: Vec<f64> = costs.iter().map(part).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn spread(costs: &[Cost], part: fn(&Cost) -> f64, digits: usize) -> String {
    let values = || costs.iter().map(part);
    let middle = median(costs, part);
    if costs.len() < 2 {
        return format!("{middle:.digits$}");
    }
    let (least, most) = (values().fold(f64::INFINITY, f64::min), values().fold(0.0, f64::max));
    format!("{middle:.digits$} ({least:.digits$}–{most:.digits$})")
}
