//! The text forms of protocol 0: decimal numbers, quoted strings, escapes.

/// Decodes the `repr` of a Python 2 string (`STRING`): quotes around, backslash escapes within.
pub(super) fn quoted(line: &[u8]) -> Option<Vec<u8>> {
    let line = line.trim_ascii();
    let (first, last) = (*line.first()?, *line.last()?);
    if line.len() < 2 || first != last || !matches!(first, b'\'' | b'"') {
        return None;
    }
    let mut bytes = line[1..line.len() - 1].iter().copied();
    let mut out = Vec::new();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        match bytes.next()? {
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'0' => out.push(0),
            b'x' => {
                let digit = |b: u8| char::from(b).to_digit(16);
                let (high, low) = (digit(bytes.next()?)?, digit(bytes.next()?)?);
                out.push((high * 16 + low) as u8);
            }
            escaped @ (b'\\' | b'\'' | b'"') => out.push(escaped),
            _ => return None,
        }
    }
    Some(out)
}

/// Decodes `raw-unicode-escape` (`UNICODE`): Latin-1 with `\uXXXX` and `\UXXXXXXXX`.
pub(super) fn raw_unicode_escape(line: &[u8]) -> Option<String> {
    let mut out = String::new();
    let mut i = 0;
    while i < line.len() {
        let digits = match (line[i], line.get(i + 1)) {
            (b'\\', Some(b'u')) => 4,
            (b'\\', Some(b'U')) => 8,
            _ => 0,
        };
        if digits == 0 {
            out.push(char::from(line[i]));
            i += 1;
        } else {
            let hex = std::str::from_utf8(line.get(i + 2..i + 2 + digits)?).ok()?;
            out.push(char::from_u32(u32::from_str_radix(hex, 16).ok()?)?);
            i += 2 + digits;
        }
    }
    Some(out)
}

/// A decimal integer line (`INT`, `LONG`), without the `L` of Python 2.
pub(super) fn integer(line: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(line).ok()?.trim();
    text.strip_suffix('L').unwrap_or(text).parse().ok()
}

/// A float line (`FLOAT`).
pub(super) fn float(line: &[u8]) -> Option<f64> {
    std::str::from_utf8(line).ok()?.trim().parse().ok()
}

/// An integer of `n` bytes, two's complement little endian (`LONG1`, `LONG4`), when it fits.
pub(super) fn little_endian(bytes: &[u8]) -> Option<i64> {
    let negative = bytes.last().is_some_and(|&top| top & 0x80 != 0);
    let fill = if negative { 0xff } else { 0 };
    if bytes.len() > 8 {
        let (low, high) = bytes.split_at(8);
        let fits = high.iter().all(|&b| b == fill) && (low[7] & 0x80 != 0) == negative;
        return if fits { little_endian(low) } else { None };
    }
    let mut full = [fill; 8];
    full[..bytes.len()].copy_from_slice(bytes);
    Some(i64::from_le_bytes(full))
}
