//! Scalars as a TensorBoard event file: TFRecord frames around `tensorflow.Event` messages.
//!
//! Written here because the crate for it (tensorboard-rs) is not maintained. A frame is a length with its masked CRC-32C, then the message
//! with its own. Of the protocol buffers, three messages of two or three fields each are needed (`event.proto`, `summary.proto`).

/// One value of a curve.
#[derive(Clone, Debug, PartialEq)]
pub struct Scalar {
    /// Seconds since 1970.
    pub wall_time: f64,
    /// Step of the run.
    pub step: u64,
    /// Name of the curve; the part before a `/` is its group.
    pub tag: String,
    /// Value, single precision as TensorBoard keeps it.
    pub value: f32,
}

/// The bytes of a file `events.out.tfevents.<seconds>.<host>` that holds `scalars`.
pub fn tensorboard_events(scalars: &[Scalar]) -> Vec<u8> {
    let mut file = Vec::new();
    // Event { wall_time = 1, step = 2, file_version = 3, summary = 5 }
    let mut version = Vec::new();
    double(&mut version, 1, scalars.first().map_or(0.0, |scalar| scalar.wall_time));
    bytes(&mut version, 3, b"brain.Event:2");
    frame(&mut file, &version);
    for scalar in scalars {
        // Summary { value = 1 } of Value { tag = 1, simple_value = 2 }
        let mut value = Vec::new();
        bytes(&mut value, 1, scalar.tag.as_bytes());
        value.push(2 << 3 | 5);
        value.extend(scalar.value.to_le_bytes());
        let mut summary = Vec::new();
        bytes(&mut summary, 1, &value);
        let mut event = Vec::new();
        double(&mut event, 1, scalar.wall_time);
        event.push(2 << 3);
        varint(&mut event, scalar.step);
        bytes(&mut event, 5, &summary);
        frame(&mut file, &event);
    }
    file
}

fn frame(file: &mut Vec<u8>, message: &[u8]) {
    let length = (message.len() as u64).to_le_bytes();
    file.extend(length);
    file.extend(masked_crc(&length).to_le_bytes());
    file.extend(message);
    file.extend(masked_crc(message).to_le_bytes());
}

/// CRC-32C (Castagnoli, reflected), bit by bit: the files are small.
fn crc32c(bytes: &[u8]) -> u32 {
    !bytes
        .iter()
        .fold(u32::MAX, |crc, &byte| (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ (0x82f6_3b78 & (crc & 1).wrapping_neg())))
}

fn masked_crc(bytes: &[u8]) -> u32 {
    crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

fn varint(message: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        message.push(value as u8 | 0x80);
        value >>= 7;
    }
    message.push(value as u8);
}

fn double(message: &mut Vec<u8>, field: u8, value: f64) {
    message.push(field << 3 | 1);
    message.extend(value.to_le_bytes());
}

fn bytes(message: &mut Vec<u8>, field: u8, value: &[u8]) {
    message.push(field << 3 | 2);
    varint(message, value.len() as u64);
    message.extend(value);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `tensorboard.summary.writer.record_writer.RecordWriter` (tensorboard 2.21) writes for the same two events.
    #[test]
    fn the_bytes_are_those_of_tensorboard_itself() {
        let scalar = Scalar { wall_time: 1_700_000_000.5, step: 300, tag: "epoch/id_accuracy".into(), value: 0.25 };
        let hex: String = tensorboard_events(&[scalar]).iter().map(|byte| format!("{byte:02x}")).collect();
        let golden = "1800000000000000a37f4b220900002040fc54d9411a0d627261696e2e4576656e743a322b3531102800000000000000\
                      ff70164a0900002040fc54d94110ac022a1a0a180a1165706f63682f69645f6163637572616379150000803e3572bed1";
        assert_eq!(hex, golden);
    }
}
