//! [`paper`]: Figures 2 to 10 of the paper on the detection-generalization paradox, laid out from the results of a session.
//!
//! Figure 1 shows sample images and Figure 3 (a) a sketch; no result is needed for them.

use super::captioned::panels;
use super::{
    AblationFigure, CaptionedFigure, Figure, FigureResults, Found, LandscapeFigure, Missing, Panel, SharpnessFigure, Stack, TradeOffFigure,
    table,
};
use flatland_core::result::{LossSurface, SharpnessCurve};
use flatland_core::session::{FigureSettings, LandscapeForm, LandscapeView, Role, Session};

/// The paper's Figures 2 to 10 in order, each with its panels' letters; a figure without data says why.
pub fn paper<'a>(session: &Session, findings: &'a FigureResults) -> Vec<Result<CaptionedFigure<'a>, Missing>> {
    let paper = Paper { session, findings };
    let drawn = |number: u32| match number {
        2 => paper.trade_off(),
        3 => paper.embedding(&paper.compared(), "under different training"),
        4 => paper.energy(),
        5 => paper.loss_space(Role::Train),
        6 => paper.loss_space(Role::Id),
        7 => paper.loss_space(Role::Cs),
        8 => paper.ablation(),
        9 => paper.embedding(&paper.methods(), "of the methods"),
        _ => paper.landscapes(),
    };
    let named = |number: u32| {
        let name = format!("figure_{number}");
        drawn(number).map(|captioned| CaptionedFigure { name: name.clone(), ..captioned }).map_err(|reason| Missing { name, reason })
    };
    (2..=10).map(named).collect()
}

struct Paper<'s, 'a> {
    session: &'s Session,
    findings: &'a FigureResults,
}

impl<'a> Paper<'_, 'a> {
    fn names(&self, given: impl Fn(&FigureSettings) -> &Vec<String>, otherwise: std::ops::Range<usize>) -> Vec<String> {
        let given = given(&self.session.figure);
        let all = self.session.checkpoints.iter().map(|checkpoint| checkpoint.name.clone());
        if given.is_empty() { all.skip(otherwise.start).take(otherwise.len()).collect() } else { given.clone() }
    }

    /// The checkpoints of Figures 3 to 7.
    fn compared(&self) -> Vec<String> {
        self.names(|figure| &figure.compared, 0..3)
    }

    /// The checkpoints of Figures 9 and 10.
    fn methods(&self) -> Vec<String> {
        self.names(|figure| &figure.methods, 1..usize::MAX)
    }

    fn trade_off(&self) -> Result<CaptionedFigure<'a>, String> {
        // The first of the compared checkpoints is the baseline.
        let mut tables = panels(self.findings.scores.iter());
        let baseline = self.compared().into_iter().next();
        tables.sort_by_key(|panel| baseline.as_deref() != Some(panel.name));
        let figure = TradeOffFigure::new(&tables, "msp")?;
        let caption = format!("Detection and generalization of every checkpoint, as changes against {}.", figure.baseline);
        let data = vec![("", figure.data())];
        Ok(CaptionedFigure { name: String::new(), caption, figure: Box::new(figure), data, lettered: false })
    }

    fn embedding(&self, names: &[String], whose: &str) -> Result<CaptionedFigure<'a>, String> {
        let panels = chosen(&self.findings.embeddings, names, |_| true);
        let captioned = CaptionedFigure::embedding(panels).ok_or("no embedding of the checkpoints that it shows")?;
        Ok(CaptionedFigure { caption: format!("Representations {whose}: {}", captioned.caption), ..captioned }.lettered())
    }

    fn energy(&self) -> Result<CaptionedFigure<'a>, String> {
        let panels = chosen(&self.findings.scores, &self.compared(), |_| true);
        if panels.is_empty() {
            return Err("no energy scores of the checkpoints that it shows".into());
        }
        Ok(CaptionedFigure::score(panels, "energy", self.session.scores.bins)?.lettered())
    }

    /// Surfaces of the loss on the first dataset of a role that has one.
    fn surfaces(&self, role: Role, names: &[String]) -> Result<Vec<Panel<'a, LossSurface>>, String> {
        let of_role = |found: &&Found<LossSurface>| found.role == role && found.result.quantity.is_none() && found.result.beta.len() > 1;
        let lacks = || {
            let known = self.session.datasets.iter().find(|dataset| dataset.role == role);
            let (label, key) = (role.label(), role.key());
            match known {
                Some(dataset) => format!("no landscape on {label} data: `datasets` of [landscape] does not have \"{}\"", dataset.name),
                None => format!("no landscape on {label} data: the session has no dataset of the role `{key}`"),
            }
        };
        let dataset = &self.findings.landscapes.iter().find(of_role).ok_or_else(lacks)?.dataset;
        let found = chosen(&self.findings.landscapes, names, |found| of_role(&found) && found.dataset == *dataset);
        if found.is_empty() { Err(format!("no landscape on {dataset} of the checkpoints that it shows")) } else { Ok(found) }
    }

    /// Landscapes of the checkpoints that are compared, and below them the sharpness of all.
    fn loss_space(&self, role: Role) -> Result<CaptionedFigure<'a>, String> {
        let surfaces = self.surfaces(role, &self.compared())?;
        let dataset = &surfaces[0].result.manifest.dataset;
        let curves: Vec<Panel<SharpnessCurve>> = panels(self.findings.sharpness.iter().filter(|found| found.dataset == *dataset));
        if curves.is_empty() {
            return Err(format!("no sharpness on {dataset}: `datasets` of [sharpness] does not have it"));
        }
        let caption = format!("Loss landscapes and sharpness on {dataset} ({}).", role.label());
        let data = vec![("-landscape", table::landscape(&surfaces)), ("-sharpness", table::sharpness(&curves))];
        let rows: Vec<Box<dyn Figure + 'a>> = vec![
            Box::new(LandscapeFigure::viewed(surfaces, &self.session.view.landscape)),
            Box::new(SharpnessFigure { curves, relative: self.session.sharpness.relative }),
        ];
        Ok(CaptionedFigure { name: String::new(), caption, figure: Box::new(Stack { rows }), data, lettered: true })
    }

    /// Every sweep that the session names: those over numbers, then those over choices.
    fn ablation(&self) -> Result<CaptionedFigure<'a>, String> {
        if self.findings.sweeps.is_empty() {
            let named = !self.session.figure.sweeps.is_empty();
            return Err(if named {
                "none of the folders in `sweeps` of [figure] holds the table of a sweep (table.csv)".into()
            } else {
                "it is drawn from fine-tuning runs over ρ, λ and augmentations: `flatland train --sweep` makes them, and `sweeps` of [figure] \
                 names their folders"
                    .into()
            });
        }
        const SUFFIXES: [&str; 4] = ["-1", "-2", "-3", "-4"];
        let figures: Vec<AblationFigure<'a>> = self.findings.sweeps.iter().map(|sweep| AblationFigure { sweep }).collect();
        let data = SUFFIXES.into_iter().zip(&figures).map(|(suffix, figure)| (suffix, figure.data())).collect();
        let caption = "What the swept settings do to detection and generalization.".into();
        let rows = figures.into_iter().map(|figure| Box::new(figure) as Box<dyn Figure + 'a>).collect();
        Ok(CaptionedFigure { name: String::new(), caption, figure: Box::new(Stack { rows }), data, lettered: true })
    }

    fn landscapes(&self) -> Result<CaptionedFigure<'a>, String> {
        // The paper prints maps of losses, whatever the view shows.
        let view = LandscapeView { form: LandscapeForm::Map, error: None, ..self.session.view.landscape.clone() };
        let captioned = CaptionedFigure::landscape(self.surfaces(Role::Cs, &self.methods())?, &view);
        Ok(captioned.ok_or("no landscape on CS data")?.lettered())
    }
}

/// Results of `names`, in their order, that `fits`.
fn chosen<'a, T>(all: &'a [Found<T>], names: &[String], fits: impl Fn(&'a Found<T>) -> bool) -> Vec<Panel<'a, T>> {
    let mut found: Vec<&Found<T>> = Vec::new();
    for name in names {
        found.extend(all.iter().filter(|one| one.checkpoint == *name && fits(one)));
    }
    panels(found.into_iter())
}
