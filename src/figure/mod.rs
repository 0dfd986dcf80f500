//! Figures and tables: SVG, PNG, CSV through plotters. The same session and results give the same bytes.
