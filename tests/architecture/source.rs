//! Rust source as text: its tokens, without tests, and the paths in it.

/// Identifiers and single signs (and `::`); comments, strings and characters are left out.
pub fn tokens(source: &str) -> Vec<String> {
    let chars: Vec<char> = source.chars().collect();
    let at = |i: usize| chars.get(i).copied().unwrap_or('\0');
    let (mut tokens, mut i) = (Vec::new(), 0);
    while i < chars.len() {
        let c = chars[i];
        if c == '/' && at(i + 1) == '/' {
            while i < chars.len() && chars[i] != '\n' {
                i += 1;
            }
        } else if c == '/' && at(i + 1) == '*' {
            let mut depth = 1;
            i += 2;
            while i < chars.len() && depth > 0 {
                let step = match (chars[i], at(i + 1)) {
                    ('/', '*') => {
                        depth += 1;
                        2
                    }
                    ('*', '/') => {
                        depth -= 1;
                        2
                    }
                    _ => 1,
                };
                i += step;
            }
        } else if c == '"' {
            i += 1;
            while i < chars.len() && chars[i] != '"' {
                i += if chars[i] == '\\' { 2 } else { 1 };
            }
            i += 1;
        } else if c == '\'' && at(i + 1) == '\\' {
            i += 3;
            while i < chars.len() && chars[i] != '\'' {
                i += 1;
            }
            i += 1;
        } else if c == '\'' && at(i + 2) == '\'' {
            i += 3;
        } else if c.is_alphanumeric() || c == '_' {
            let start = i;
            while at(i).is_alphanumeric() || at(i) == '_' {
                i += 1;
            }
            let word: String = chars[start..i].iter().collect();
            let mut hashes = 0;
            while ["r", "br"].contains(&word.as_str()) && at(i + hashes) == '#' {
                hashes += 1;
            }
            if ["r", "br"].contains(&word.as_str()) && at(i + hashes) == '"' {
                i += hashes + 1;
                while i < chars.len() && !(chars[i] == '"' && (1..=hashes).all(|k| at(i + k) == '#')) {
                    i += 1;
                }
                i += 1 + hashes;
            } else {
                tokens.push(word);
            }
        } else if c == ':' && at(i + 1) == ':' {
            tokens.push("::".into());
            i += 2;
        } else {
            if !c.is_whitespace() {
                tokens.push(c.into());
            }
            i += 1;
        }
    }
    tokens
}

/// Leaves out every item that stands under an attribute with `cfg(test` or `cfg(all(test`.
pub fn without_tests(tokens: Vec<String>) -> Vec<String> {
    let (mut kept, mut i) = (Vec::new(), 0);
    let starts =
        |i: usize, pattern: &[&str]| pattern.iter().enumerate().all(|(k, part)| tokens.get(i + k).is_some_and(|token| token == part));
    while i < tokens.len() {
        if starts(i, &["#", "[", "cfg", "(", "test"]) || starts(i, &["#", "[", "cfg", "(", "all", "(", "test"]) {
            while i < tokens.len() && tokens[i] != "]" {
                i += 1;
            }
            let mut depth = 0;
            while i < tokens.len() {
                match tokens[i].as_str() {
                    "{" => depth += 1,
                    "}" => depth -= 1,
                    _ => {}
                }
                i += 1;
                if depth == 0 && (tokens[i - 1] == "}" || tokens[i - 1] == ";") {
                    break;
                }
            }
        } else {
            kept.push(tokens[i].clone());
            i += 1;
        }
    }
    kept
}

/// Every path of at least two segments, with the groups of `use` spelled out.
pub fn paths(tokens: &[String]) -> Vec<Vec<String>> {
    fn is_name(token: &str) -> bool {
        token.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_')
    }
    fn tree(tokens: &[String], i: &mut usize, prefix: &[String], found: &mut Vec<Vec<String>>) {
        let mut path = prefix.to_vec();
        while let Some(token) = tokens.get(*i) {
            if token == "{" {
                *i += 1;
                while tokens.get(*i).is_some_and(|token| token != "}") {
                    let before = *i;
                    tree(tokens, i, &path, found);
                    while tokens.get(*i).is_some_and(|token| token != "," && token != "}") {
                        *i += 1;
                    }
                    if tokens.get(*i).is_some_and(|token| token == ",") {
                        *i += 1;
                    }
                    if *i == before {
                        return;
                    }
                }
                *i += 1;
                return;
            }
            if !is_name(token) {
                break;
            }
            path.push(token.clone());
            *i += 1;
            if tokens.get(*i).is_none_or(|token| token != "::") {
                break;
            }
            *i += 1;
        }
        found.push(path);
    }
    let (mut found, mut i) = (Vec::new(), 0);
    while i < tokens.len() {
        let starts_path = is_name(&tokens[i]) && tokens.get(i + 1).is_some_and(|next| next == "::") && (i == 0 || tokens[i - 1] != "::");
        if starts_path {
            tree(tokens, &mut i, &[], &mut found);
        } else {
            i += 1;
        }
    }
    found
}
