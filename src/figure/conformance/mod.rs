//! A [`Conformance`] report as a page of its own ([`html`]) and as Markdown ([`markdown`]). The same report gives the same bytes.

use std::fmt::Write;

use super::number::{fixed, significant};
use super::table::markdown_row;
use flatland_core::result::{Check, CheckGroup, Conformance};

/// Width and height of a check's scale in pixels; errors lie on it from 10⁻¹⁷ to 1.
const SCALE: (f64, f64) = (160.0, 14.0);
const SMALLEST: f64 = 1e-17;

/// The report as one self-contained HTML file without scripts; light or dark as the reader's system.
pub fn html(report: &Conformance) -> String {
    let mut page = String::from("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    page += "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>Flatland conformance</title>\n<style>\n";
    page += include_str!("page.css");
    page += "</style>\n</head>\n<body>\n<h1>Conformance</h1>\n";
    let fails = report.failures().next().is_some();
    let _ = writeln!(page, "<p class=\"lead{}\">{}</p>", if fails { " fail" } else { "" }, escape(&verdict(report)));
    page += "<dl>\n";
    for (term, fact) in facts(report) {
        let _ = writeln!(page, "<div><dt>{term}</dt><dd>{}</dd></div>", escape(&fact));
    }
    let _ = writeln!(page, "</dl>\n<p class=\"about\">{}</p>\n<ol>", escape(ABOUT));
    for (k, group) in report.groups.iter().enumerate() {
        let class = if held(group) < group.checks.len() { " class=\"fail\"" } else { "" };
        let count = format!("{} / {}", held(group), group.checks.len());
        let _ = writeln!(page, "<li><a href=\"#group-{k}\"{class}><span>{}</span><span>{count}</span></a></li>", escape(&group.name));
    }
    page += "</ol>\n";
    for (k, group) in report.groups.iter().enumerate() {
        section(&mut page, k, group);
    }
    page += "</body>\n</html>\n";
    page
}

/// The report as Markdown: one table per group.
pub fn markdown(report: &Conformance) -> String {
    let mut text = format!("# Conformance\n\n{}\n\n", verdict(report));
    for (term, fact) in facts(report) {
        let _ = writeln!(text, "- {term}: {fact}");
    }
    let _ = writeln!(text, "\n{ABOUT}");
    for group in &report.groups {
        let _ = writeln!(text, "\n## {}\n\n{}\n", group.name, group.about);
        markdown_row(&mut text, &["Definition", "Checked against", "Error", "Tolerance", ""].map(str::to_owned));
        markdown_row(&mut text, &["---", "---", "---:", "---:", "---"].map(str::to_owned));
        for check in &group.checks {
            let definition = &check.definition;
            let source = if definition.source.is_empty() { String::new() } else { format!(" ({})", definition.source) };
            let row = [
                format!("**{}**: {}{source}", definition.name, definition.formula),
                format!("{}{}", check.against, relative_to(check)),
                error(check),
                tolerance(check),
                if check.passes() { "holds" } else { "**fails**" }.to_owned(),
            ];
            markdown_row(&mut text, &row);
        }
    }
    text
}

const ABOUT: &str = "Every number that Flatland computes has a definition. Here each was computed on this machine, by the code that all \
                     analyses run, and again by other means: from a closed form, or straight from the definition in float64, slowly. An error is \
                     relative to what stands beside the check; a tolerance of 0 asks for the same bits.";

fn verdict(report: &Conformance) -> String {
    let (failures, all) = (report.failures().count(), report.checks().count());
    match failures {
        _ if all == 0 => "Nothing was checked.".into(),
        0 => format!("All {all} checks hold on this machine."),
        _ => format!("{failures} of {all} checks do not hold on this machine."),
    }
}

fn facts(report: &Conformance) -> Vec<(&'static str, String)> {
    let machine = &report.machine;
    let seconds: f64 = report.checks().map(|check| check.seconds).sum();
    let all = vec![
        ("Processor", machine.processor.clone()),
        ("Device", machine.device.clone()),
        ("Threads", machine.threads.to_string()),
        ("System", machine.system.clone()),
        ("libtorch", machine.libtorch.clone()),
        ("Flatland", report.version.clone()),
        ("Time", format!("{} s", fixed(seconds, 0))),
    ];
    all.into_iter().filter(|(_, fact)| !fact.is_empty()).collect()
}

fn held(group: &CheckGroup) -> usize {
    group.checks.iter().filter(|check| check.passes()).count()
}

fn section(page: &mut String, k: usize, group: &CheckGroup) {
    let _ = writeln!(page, "<section id=\"group-{k}\">\n<h2>{}</h2>\n<p class=\"about\">{}</p>", escape(&group.name), escape(&group.about));
    page.push_str("<table>\n<thead><tr><th>Definition</th><th>Checked against</th><th>");
    page.push_str(&ruler());
    page.push_str("</th><th class=\"number\">Error</th><th class=\"number\">Tolerance</th></tr></thead>\n<tbody>\n");
    for check in &group.checks {
        let definition = &check.definition;
        let class = if check.passes() { "" } else { " fail" };
        let _ = write!(page, "<tr><td><div class=\"name\">{}</div><div>{}</div>", escape(&definition.name), escape(&definition.formula));
        if !definition.source.is_empty() {
            let _ = write!(page, "<div class=\"source\">{}</div>", escape(&definition.source));
        }
        let _ = write!(page, "</td><td>{}", escape(&check.against));
        if !check.relative_to.is_empty() {
            let _ = write!(page, "<div class=\"relative\">error relative to {}</div>", escape(&check.relative_to));
        }
        let _ = writeln!(
            page,
            "</td><td>{}</td><td class=\"number{class}\">{}</td><td class=\"number\">{}</td></tr>",
            scale(check),
            error(check),
            tolerance(check)
        );
    }
    page.push_str("</tbody>\n</table>\n</section>\n");
}

fn error(check: &Check) -> String {
    match check.error {
        Some(0.0) => "0".into(),
        Some(error) => significant(error, 2),
        None => "no number".into(),
    }
}

fn tolerance(check: &Check) -> String {
    if check.tolerance == 0.0 { "same bits".into() } else { significant(check.tolerance, 2).replace(".0×", "×") }
}

fn relative_to(check: &Check) -> String {
    if check.relative_to.is_empty() { String::new() } else { format!("; relative to {}", check.relative_to) }
}

/// The position of an error on the scale, from the left.
fn place(error: f64) -> f64 {
    let share = 1.0 - error.clamp(SMALLEST, 1.0).log10() / SMALLEST.log10();
    (share * SCALE.0 * 10.0).round() / 10.0
}

fn ruler() -> String {
    let labels = [(1e-15, "10⁻¹⁵"), (1e-10, "10⁻¹⁰"), (1e-5, "10⁻⁵"), (1.0, "1")];
    let texts: String = labels.iter().map(|(error, label)| format!("<text x=\"{}\" y=\"11\">{label}</text>", place(*error))).collect();
    format!("<svg width=\"{}\" height=\"{}\" aria-hidden=\"true\">{texts}</svg>", SCALE.0, SCALE.1)
}

/// The error as a point, and the tolerance as a line that it should not pass; a ring at the left end stands for equal bits.
fn scale(check: &Check) -> String {
    let (width, height) = SCALE;
    let class = match check.error {
        Some(0.0) => "same",
        _ if check.passes() => "pass",
        _ => "fail",
    };
    let middle = height / 2.0 + 1.0;
    let limit = place(check.tolerance);
    let at = place(check.error.unwrap_or(1.0));
    format!(
        "<svg class=\"{class}\" width=\"{width}\" height=\"{height}\" aria-hidden=\"true\"><path class=\"axis\" d=\"M0 {middle}H{width}\"/>\
         <path class=\"limit\" d=\"M{limit} 2V{height}\"/><circle cx=\"{at}\" cy=\"{middle}\" r=\"3.5\"/></svg>"
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use flatland_core::result::{Checks, Definition};

    fn report(errors: &[(f64, f64)]) -> Conformance {
        let mut checks = Checks::new("OE <on> SVHN & co", "64 images");
        for &(error, tolerance) in errors {
            checks.add(Definition::new("Loss", "mean of −ln p | y", "a < b"), "float64", "its value", error, tolerance);
        }
        Conformance { groups: vec![checks.finish()], ..Conformance::default() }
    }

    #[test]
    fn the_page_says_what_holds_and_what_does_not() {
        let good = html(&report(&[(2.5e-7, 1e-5), (0.0, 0.0)]));
        assert!(good.contains("All 2 checks hold") && good.contains("2.5×10⁻⁷") && good.contains("same bits"), "{good}");
        assert!(!good.contains("number fail") && good.contains("2 / 2"));
        let bad = html(&report(&[(2.5e-4, 1e-5), (f64::NAN, 1e-5), (0.0, 1e-5)]));
        assert!(bad.contains("2 of 3 checks do not hold") && bad.matches("number fail").count() == 2 && bad.contains("no number"), "{bad}");
    }

    #[test]
    fn names_are_text_and_every_tag_is_closed() {
        let page = html(&report(&[(0.0, 0.0)]));
        assert!(page.contains("OE &lt;on&gt; SVHN &amp; co") && page.contains("a &lt; b"));
        for tag in ["section", "table", "thead", "tbody", "tr", "td", "th", "div", "svg", "ol", "li", "a", "dl", "p", "body", "html"] {
            let opened = page.matches(&format!("<{tag}>")).count() + page.matches(&format!("<{tag} ")).count();
            assert_eq!(opened, page.matches(&format!("</{tag}>")).count(), "<{tag}>");
        }
        assert!(!page.contains("http"), "nothing is fetched");
        assert!(markdown(&report(&[(0.0, 0.0)])).contains("mean of −ln p \\| y"));
    }

    #[test]
    fn errors_lie_on_a_logarithmic_scale() {
        assert_eq!([0.0, 1e-17, 1.0, 5.0].map(place), [0.0, 0.0, 160.0, 160.0]);
        assert!(place(1e-5) > place(1e-6) && (place(1e-5) - place(1e-6) - 160.0 / 17.0).abs() < 0.2);
    }
}
