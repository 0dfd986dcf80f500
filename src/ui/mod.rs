//! The window. Deliberately absent: tensors, blocking IO, mathematics.
