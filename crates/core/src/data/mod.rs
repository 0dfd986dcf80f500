//! Images and labels from every supported format.
//!
//! [`load`] recognises the format of a [`Source`] by content, never by extension, and gives a [`Dataset`]: u8 RGB images of one size
//! with labels and provenance, or float arrays that are used as they are ([`Arrays`]). Unreadable single images are counted and listed, never fatal.
//! Deliberately absent: tensors, normalization (part of the network), roles (part of the session).

mod array_images;
mod array_labels;
mod arrays;
pub mod augmentation;
mod cifar_binary;
mod cifar_python;
pub mod corruption;
mod dataset;
mod decode;
pub mod demo;
mod encoded;
pub mod environment;
mod error;
mod file_kind;
mod files;
mod folder;
mod idx;
mod image_folder;
mod image_list;
mod labels;
mod load;
mod mat;
mod names;
mod not_data;
mod npy;
mod npz;
mod npz_names;
mod opened;
mod parquet;
pub mod pickle;
mod pixels;
mod preparation;
mod read;
mod resize;
mod shards;
mod single;
mod sniff;
mod split;
mod subset;
#[cfg(test)]
mod tests;
mod web_dataset;

pub use arrays::Arrays;
pub use augmentation::{Augmentation, Severity};
pub use dataset::{Corruption, Dataset, Provenance, Source, Subset, Unreadable};
pub use environment::Environment;
pub use error::DataError;
pub use file_kind::{FileKind, file_kind, kind_of_path, zip_kind};
pub use files::{decoding, files};
pub use labels::{Class, Classes, LabelRule, Labelling, OrderRule, Reference, class_label, imagenet_names, label_state};
pub use load::{load, load_for};
pub use not_data::not_data;
pub use preparation::{Filter, Preparation, Resize, ResizeAndCrop};
pub use single::{SingleImage, load_images, load_positions};
pub use sniff::looks_like_images;
