//! [`derived_rng`]: random numbers as a function of what they are for.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// ChaCha8 with the key that blake3 derives for `context` from the bytes of all `parts` together: the same numbers on every machine.
pub fn derived_rng(context: &str, parts: &[&[u8]]) -> ChaCha8Rng {
    let mut key = blake3::Hasher::new_derive_key(context);
    for part in parts {
        key.update(part);
    }
    ChaCha8Rng::from_seed(*key.finalize().as_bytes())
}
