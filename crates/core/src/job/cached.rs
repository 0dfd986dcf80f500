//! [`plan_cached`]: the jobs that a session asks for, with their results in folders of the cache, named by a hash of what determines them.

use std::path::{Path, PathBuf};

use super::{Analysis, JobSpec, PlanError, PlanOptions, plan};
use crate::data::{self, Source};
use crate::result::{cache_folder, content_key};
use crate::session::Session;

/// The jobs of [`plan()`] with their results in the user's cache, each in a folder named by its identity and the state of its files. The
/// names of the checkpoint and the datasets are not part of it, so that a result is found again after a renaming, see
/// [`Named`](super::Named). The names of checkpoints in a plane are part of it.
///
/// # Errors
/// As [`plan()`].
pub fn plan_cached(session: &Session, analysis: Analysis, options: &PlanOptions) -> Result<Vec<JobSpec>, PlanError> {
    // Where cells are shared does not change what they are.
    let mut jobs = plan(session, analysis, Path::new("/"), &PlanOptions { cells: None, ..options.clone() })?;
    let mut stamps = Stamps::default();
    for job in &mut jobs {
        job.set_out(PathBuf::new());
        let says_names = matches!(job, JobSpec::Landscape(job) if !job.plane.checkpoints.is_empty());
        let mut identity = if says_names { job.clone() } else { job.renamed(|_| String::new()) };
        for dataset in identity.datasets_mut() {
            dataset.source.name.clear();
            // Where the references matter, their state is part of the stamps.
            dataset.source.reference.clear();
        }
        let identity = serde_json::to_string(&identity).unwrap_or_default();
        let images: Vec<String> = job.datasets().into_iter().map(|dataset| stamps.of(&dataset.source)).collect();
        let files: Vec<&Path> = job.inputs_but_images().into_iter().map(|(_, _, path)| path).collect();
        let folder = cache_folder(&format!("{identity} {images:?}"), &files);
        job.set_out(folder);
        if let JobSpec::Landscape(job) = job {
            job.cells.clone_from(&options.cells);
        }
    }
    Ok(jobs)
}

/// The present state of the files of sources. Every source is read once and not once for each checkpoint: there may be many files.
#[derive(Default)]
struct Stamps(Vec<(Source, String)>);

impl Stamps {
    fn of(&mut self, source: &Source) -> String {
        if let Some((_, stamp)) = self.0.iter().find(|(known, _)| known == source) {
            return stamp.clone();
        }
        // Some kinds of images were decoded differently by earlier versions.
        let identity = format!("{}{}", data::label_state(source), data::decoding(source).unwrap_or_default());
        let stamp = content_key(&identity, &data::files(source));
        self.0.push((source.clone(), stamp.clone()));
        stamp
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Files of a folder: only the first bytes count here.
    fn stamped(files: &[(&str, &[u8])]) -> (String, String) {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            std::fs::write(folder.path().join(name), bytes).unwrap();
        }
        let path = folder.path().to_owned();
        let source = Source { name: "x".into(), path, ..Source::default() };
        (Stamps::default().of(&source), content_key(&data::label_state(&source), &data::files(&source)))
    }

    #[test]
    fn a_stated_transform_of_the_inputs_is_part_of_the_key_and_an_absent_one_is_not() {
        let job = |input: &str| {
            let checkpoint = format!("version = 1\n[[checkpoint]]\nname = \"net\"\npath = \"/nowhere/net.pt\"\n{input}\n");
            let dataset = "[[dataset]]\nname = \"digits\"\nrole = \"id\"\npath = \"demo:test\"\n";
            let session: Session = toml::from_str(&[checkpoint.as_str(), dataset].concat()).unwrap();
            plan_cached(&session, Analysis::Sharpness, &PlanOptions::default()).unwrap().remove(0)
        };
        let jobs = ["", "input = \"timm\"", "input = \"torchvision_imagenet\"", "input = { crop = 32 }"].map(job);
        let folders: std::collections::BTreeSet<_> = jobs.iter().map(|job| job.out().unwrap().to_owned()).collect();
        assert_eq!(folders.len(), 4);
        // The key is of this text.
        assert!(!serde_json::to_string(&jobs[0]).unwrap().contains("input"));
    }

    #[test]
    fn the_rule_of_random_directions_is_part_of_the_key() {
        let folder = |directions: &str| {
            let text = format!(
                "version = 1\n[[checkpoint]]\nname = \"net\"\npath = \"/nowhere/net.pt\"\n[[dataset]]\nname = \"digits\"\nrole = \"id\"\n\
                 path = \"demo:test\"\n[landscape.directions]\n{directions}\n"
            );
            let session: Session = toml::from_str(&text).unwrap();
            plan_cached(&session, Analysis::Landscape, &PlanOptions::default()).unwrap()[0].out().unwrap().to_owned()
        };
        let filters = |filter: &str| format!("filters = [{{ tensors = [\"*.qkv.weight\"], filter = {filter} }}]");
        let rules: [&str; 5] =
            ["", "one_dimensional = \"weight\"", &filters("{ rows = 64 }"), &filters("{ rows = 32 }"), &filters("\"tensor\"")];
        let folders: std::collections::BTreeSet<PathBuf> = rules.into_iter().map(folder).collect();
        assert_eq!(folders.len(), 5);
    }

    #[test]
    fn the_content_of_an_exported_program_is_part_of_the_key() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("net.pt2");
        let job = |bytes: &str| {
            std::fs::write(&program, bytes).unwrap();
            let path = program.display();
            let checkpoint =
                format!("version = 1\n[[checkpoint]]\nname = \"net\"\npath = \"/nowhere/net.pt\"\narchitecture = \"{path}\"\n");
            let dataset = "[[dataset]]\nname = \"digits\"\nrole = \"id\"\npath = \"demo:test\"\n";
            let session: Session = toml::from_str(&[checkpoint.as_str(), dataset].concat()).unwrap();
            plan_cached(&session, Analysis::Sharpness, &PlanOptions::default()).unwrap().remove(0)
        };
        assert_ne!(job("one").out(), job("another").out());
    }

    #[test]
    fn only_results_of_images_that_were_read_otherwise_before_are_not_found_again() {
        let png: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x02\0\0\0";
        let deep: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x10\x02\0\0\0";
        let jpeg: &[u8] = b"\xff\xd8\xff\xe0";
        for files in [&[("a.png", png), ("b.png", png)][..], &[("a.webp", b"RIFF\0\0\0\0WEBPVP8 ")], &[("a.npy", b"\x93NUMPY\x01\0")]] {
            let (now, before) = stamped(files);
            assert_eq!(now, before, "{}", files[0].0);
        }
        let anew = [("b.jpg", jpeg), ("b.JPEG", jpeg), ("b.png", jpeg), ("b.png", deep), ("b.gif", b"GIF89a"), ("b.tif", b"II*\0")];
        for (name, bytes) in anew {
            let (now, before) = stamped(&[("a.png", png), (name, bytes)]);
            assert_ne!(now, before, "{name}");
        }
    }
}
