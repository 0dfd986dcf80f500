use std::path::PathBuf;

use super::*;
use flatland_core::result::{Npz, SecondOrder};

/// Not a test: writes the figures for looking at, `FLATLAND_FIGURES=dir cargo test -- --ignored gallery`.
#[test]
#[ignore = "writes files to look at"]
fn gallery() {
    let Some(folder) = std::env::var_os("FLATLAND_FIGURES").map(PathBuf::from) else {
        println!("skipped: FLATLAND_FIGURES names no folder");
        return;
    };
    let put = |name: &str, figure: &dyn Figure, style: &FigureStyle| {
        std::fs::write(folder.join(format!("{name}.png")), figure.to_png(style, 200.0).unwrap()).unwrap();
        std::fs::write(folder.join(format!("{name}.svg")), figure.to_svg(style).unwrap()).unwrap();
    };
    let (print, dark) = (FigureStyle::default(), FigureStyle { theme: Theme::Dark, ..FigureStyle::default() });
    let column = FigureStyle { width_mm: 86.0, ..FigureStyle::default() };
    for n in [1, 2, 5, 8] {
        let mut surfaces: Vec<LossSurface> = (0..n).map(|k| bowl(k, 21)).collect();
        let last = surfaces.len() - 1;
        if n == 5 {
            surfaces[last].count.iter_mut().skip(260).for_each(|c| *c = 0);
            surfaces[1].loss[3] = f64::NAN;
            surfaces[1].loss[24] = f64::INFINITY;
            surfaces[1].loss[25] = f64::INFINITY;
        }
        put(&format!("landscape_{n}"), &LandscapeFigure::new(panels(&surfaces)), &print);
        let embeddings: Vec<Embedding> = (0..n).map(embedding).collect();
        put(&format!("embedding_{n}"), &EmbeddingFigure { panels: panels(&embeddings) }, &print);
        let tables: Vec<ScoreTable> = (0..n).map(score_table).collect();
        put(&format!("energy_{n}"), &EnergyFigure { panels: panels(&tables), score: "energy".into(), bins: 60 }, &print);
        let curves: Vec<SharpnessCurve> = (0..n).map(curve).collect();
        put(&format!("sharpness_{n}"), &SharpnessFigure { curves: panels(&curves), relative: false }, &print);
        let averages: Vec<SharpnessCurve> = (0..n).map(|k| average(k, "CIFAR-10 test")).collect();
        put(&format!("sharpness_average_{n}"), &SharpnessFigure { curves: panels(&averages), relative: false }, &print);
        let spectra: Vec<HessianSpectrum> = (0..n).map(spectrum).collect();
        put(&format!("hessian_{n}"), &HessianFigure { panels: panels(&spectra) }, &print);
        let several: Vec<SharpnessCurve> = ["ID train", "ID test", "CS test"]
            .into_iter()
            .flat_map(|dataset| (0..n).map(move |k| SharpnessCurve { dataset: dataset.into(), ..curve(k) }))
            .map(|curve| SharpnessCurve {
                second_order: Some(SecondOrder { gradient_norm: 2.6, lambda_max: 90.0, residual: 0.1 }),
                ..curve
            })
            .collect();
        let all = several.iter().enumerate().map(|(i, result)| Panel { name: NAMES[i % n], color: i % n, result }).collect();
        put(&format!("sharpness_panels_{n}"), &SharpnessFigure { curves: all, relative: false }, &print);
        if n == 5 {
            put("landscape_dark", &LandscapeFigure::new(panels(&surfaces)), &dark);
            put("energy_dark", &EnergyFigure { panels: panels(&tables), score: "energy".into(), bins: 60 }, &dark);
            put("embedding_dark", &EmbeddingFigure { panels: panels(&embeddings) }, &dark);
            put("sharpness_dark", &SharpnessFigure { curves: panels(&curves), relative: false }, &dark);
            put("landscape_column", &LandscapeFigure::new(panels(&surfaces)), &column);
            put("sharpness_column", &SharpnessFigure { curves: panels(&curves), relative: false }, &column);
        }
    }
    if let Some(path) = flatland_core::testing::shared("golden/landscape_resnet20.npz") {
        let npz = Npz::load(&path).unwrap();
        let manifest = LandscapeManifest { dataset: "CIFAR-10 test".into(), samples: 256, definition: "file".into(), ..Default::default() };
        let mut surface = LossSurface::pending(npz.f64("alpha").unwrap(), npz.f64("beta").unwrap(), manifest);
        surface.loss = npz.f64("loss").unwrap();
        surface.count.fill(256);
        put("landscape_golden", &LandscapeFigure::new(panels(&[surface])), &print);
    }
}
