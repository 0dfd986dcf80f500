//! The UCI optical digits of E. Alpaydin and C. Kaynak (CC BY 4.0; see `assets/demo/SOURCE.md`).

use std::io::Read;

use flate2::read::GzDecoder;

use super::Counts;

const FILE: &[u8] = include_bytes!("../../../../../assets/demo/digits.csv.gz");

/// Images before this position are for training, the others for testing. The file is ordered by writer.
pub const TRAIN: usize = 1198;

/// All 1,797 images with their digits, in file order.
pub fn read() -> Result<Vec<(i64, Counts)>, String> {
    let mut text = String::new();
    GzDecoder::new(FILE).read_to_string(&mut text).map_err(|error| error.to_string())?;
    text.lines().enumerate().map(|(line, text)| parse(text).ok_or_else(|| format!("line {}: expected 65 numbers", line + 1))).collect()
}

fn parse(line: &str) -> Option<(i64, Counts)> {
    let numbers: Vec<u8> = line.split(',').map(|number| number.trim().parse().ok()).collect::<Option<_>>()?;
    let (&digit, counts) = numbers.split_last()?;
    Some((digit.into(), counts.try_into().ok()?))
}
