//! The line of the network's source that a stack trace names first.

use super::text::short;

/// `nets.py:111: x = F.relu(x)` of a trace whose first frame is `File "/src/nets.py", line 111, in forward` with that code.
pub fn source_line(trace: &str) -> Option<String> {
    let mut lines = trace.lines().map(str::trim);
    let (path, rest) = lines.find_map(|line| line.strip_prefix("File \"")?.split_once("\", line "))?;
    let file = path.rsplit(['/', '\\']).next().unwrap_or(path);
    let number: String = rest.chars().take_while(char::is_ascii_digit).collect();
    let code = lines.next().filter(|code| !code.is_empty() && !code.starts_with("File \""));
    Some(match code {
        Some(code) => format!("{}:{}: {}", short(file), short(&number), short(code)),
        None => format!("{}:{}", short(file), short(&number)),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::source_line;

    #[test]
    fn the_first_frame_is_named_by_file_line_and_code() {
        let trace = "File \"/src/nets.py\", line 111, in forward\n    x = F.relu(x)\n  File \"/torch/conv.py\", line 5, in forward\n    y";
        assert_eq!(source_line(trace).unwrap(), "nets.py:111: x = F.relu(x)");
        assert_eq!(source_line("  File \"C:\\nets.py\", line 7, in f\n").unwrap(), "nets.py:7");
        assert_eq!(source_line("File \"a.py\", line 1, in f\nFile \"b.py\", line 2, in g\n  y").unwrap(), "a.py:1");
    }

    #[test]
    fn other_text_names_no_line() {
        assert_eq!(source_line(""), None);
        assert_eq!(source_line("File \"nets.py\""), None);
    }

    #[test]
    fn long_code_is_cut() {
        let line = source_line(&format!("File \"a.py\", line 1, in f\n  {}", "é".repeat(1000))).unwrap();
        assert_eq!(line.chars().count(), "a.py:1: ".len() + 120 + "..".len());
    }
}
