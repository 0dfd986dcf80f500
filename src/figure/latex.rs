//! Text for LaTeX.

/// Mathematical symbols and their LaTeX commands.
const SYMBOLS: [(char, &str); 14] = [
    ('θ', r"$\theta$"),
    ('ρ', r"$\rho$"),
    ('λ', r"$\lambda$"),
    ('ε', r"$\varepsilon$"),
    ('α', r"$\alpha$"),
    ('β', r"$\beta$"),
    ('∇', r"$\nabla$"),
    ('‖', r"$\|$"),
    ('±', r"$\pm$"),
    ('≥', r"$\ge$"),
    ('×', r"$\times$"),
    ('−', r"$-$"),
    ('↑', r"$\uparrow$"),
    ('↓', r"$\downarrow$"),
];

/// Text with LaTeX's special characters escaped and symbols as commands.
pub fn escaped(text: &str) -> String {
    let of = |c: char| match c {
        '_' | '%' | '&' | '#' | '$' | '{' | '}' => format!("\\{c}"),
        '\\' => r"\textbackslash{}".into(),
        '~' => r"\textasciitilde{}".into(),
        '^' => r"\textasciicircum{}".into(),
        '–' => "--".into(),
        '·' => r"$\cdot$".into(),
        '²' => "$^2$".into(),
        _ => SYMBOLS.iter().find(|(symbol, _)| *symbol == c).map_or_else(|| c.to_string(), |(_, latex)| (*latex).to_owned()),
    };
    text.chars().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_escaped_and_symbols_are_mathematics() {
        assert_eq!(escaped("dr_sam & 50 % {a}"), r"dr\_sam \& 50 \% \{a\}");
        assert_eq!(escaped("S(ρ = 0.1) ≥"), r"S($\rho$ = 0.1) $\ge$");
        assert_eq!(escaped(r"C:\x^2"), r"C:\textbackslash{}x\textasciicircum{}2");
    }
}
