//! Detection and calibration numbers as pure functions on slices; no IO, no state.
