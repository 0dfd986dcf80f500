//! Architectures: one file per family. A family recognizes a set of tensor names and shapes, builds the
//! `Graph` and lists exactly the tensors that it expects.

mod assumption;
mod blueprint;
mod cifar_resnet;
mod convnext;
mod definition;
mod densenet;
mod efficientnet;
mod head;
mod imagenet_densenet;
mod imagenet_resnet;
mod inverted_residual;
mod lenet5;
mod mnist;
mod mobilenet;
mod resnet18;
mod shapes;
mod swin;
#[cfg(test)]
mod testing;
mod transformer_encoder;
mod vgg;
mod vision_transformer;
mod vision_transformer_timm;
mod wide_resnet;

pub use blueprint::{Activation, Blueprint, Init, TensorSpec};
pub use definition::{Architecture, Match, ProgramTraits, is_bookkeeping};
pub use head::{Head, Similarity};
pub use shapes::Shapes;

use super::ModelError;

/// A family's guesses from shapes, the usual one first, and its network by name with C classes.
struct Family {
    guess: fn(&Shapes) -> Vec<Architecture>,
    named: fn(&str, i64) -> Option<Architecture>,
}

const FAMILIES: [Family; 15] = [
    Family { guess: cifar_resnet::guess, named: cifar_resnet::named },
    Family { guess: resnet18::guess, named: resnet18::named },
    Family { guess: wide_resnet::guess, named: wide_resnet::named },
    Family { guess: densenet::guess, named: densenet::named },
    Family { guess: mnist::guess, named: mnist::named },
    Family { guess: lenet5::guess, named: lenet5::named },
    Family { guess: imagenet_resnet::guess, named: imagenet_resnet::named },
    Family { guess: vgg::guess, named: vgg::named },
    Family { guess: imagenet_densenet::guess, named: imagenet_densenet::named },
    Family { guess: vision_transformer::guess, named: vision_transformer::named },
    Family { guess: vision_transformer_timm::guess, named: vision_transformer_timm::named },
    Family { guess: convnext::guess, named: convnext::named },
    Family { guess: efficientnet::guess, named: efficientnet::named },
    Family { guess: mobilenet::guess, named: mobilenet::named },
    Family { guess: swin::guess, named: swin::named },
];

/// Names that [`named`] accepts, for messages.
pub const KNOWN: &str = "resnet8, resnet14, resnet20, resnet32, resnet44, resnet56, resnet110 (each also with _option_b or _noshort), \
    resnet18_32x32, resnet18_64x64, resnet18_32x32_maxpool, wrn-<depth>-<widen>, densenet-bc-<depth>-<growth>, oe_mnist, mnist_tutorial, \
    lenet5, lenet5_relu_avg, lenet5_tanh_max, lenet5_tanh_avg, resnet18, resnet34, resnet50, resnet101, resnet152, resnext50_32x4d, \
    resnext101_32x8d, resnext101_64x4d, wide_resnet50_2, wide_resnet101_2, vgg11, vgg13, vgg16, vgg19 (each also with _bn), densenet121, \
    densenet161, densenet169, densenet201, vit_b_16, vit_b_32, vit_l_16, vit_l_32, vit_h_14, vit_<size>_patch<side>_<image side>, \
    deit_<size>_distilled_patch<side>_<image side>, deit3_<size>_patch<side>_<image side>, convnext_tiny, convnext_small, convnext_base, \
    convnext_large, swin_t, swin_s, swin_b, efficientnet_b0, mobilenet_v2; each also with +conf_branch, +mcd, +godin, +godin_inner or +godin_euclid";

/// The architectures that the families recognize in `shapes`, the usual one of each first.
fn guesses(shapes: &Shapes) -> Vec<Architecture> {
    let plain = |shapes: &Shapes| FAMILIES.iter().flat_map(|family| (family.guess)(shapes)).collect::<Vec<_>>();
    match Head::recognize(shapes) {
        Some((head, base)) => plain(&base).into_iter().filter_map(|base| head.attach_to(base).ok()).collect(),
        None => plain(shapes),
    }
}

/// The members of the families that share a tensor with `shapes`, the nearest first: exact matches, then by how many tensors they share.
/// Among equals the usual one comes first.
pub fn candidates(shapes: &Shapes) -> Vec<(Architecture, Match)> {
    let mut candidates: Vec<(Architecture, Match)> = guesses(shapes)
        .into_iter()
        .map(|architecture| {
            let found = architecture.compare(shapes);
            (architecture, found)
        })
        .filter(|(_, found)| found.matched > 0)
        .collect();
    let shared = |found: &Match| found.matched as i64 - found.missing.len() as i64 - found.mismatched.len() as i64;
    candidates.sort_by_key(|(_, found)| std::cmp::Reverse((found.is_exact(), shared(found))));
    candidates
}

/// The architecture called `name` (see [`KNOWN`]) with `classes` classes.
///
/// # Errors
/// When no family knows the name or `classes` is not positive.
pub fn named(name: &str, classes: i64) -> Result<Architecture, ModelError> {
    if classes < 1 {
        return Err(ModelError::Mismatch(format!("expected at least 1 class, found {classes}")));
    }
    let (base, head) = Head::split(name);
    let base = FAMILIES
        .iter()
        .find_map(|family| (family.named)(base, classes))
        .ok_or_else(|| ModelError::Mismatch(format!("unknown architecture `{name}`; expected one of {KNOWN}")))?;
    match head {
        Some(head) => head.attach_to(base),
        None => Ok(base),
    }
}

/// The architecture called `name` in the variant (names of head and shortcut, number of classes) that fits `shapes` best.
///
/// # Errors
/// When no family knows the name.
pub fn named_for(name: &str, shapes: &Shapes) -> Result<Architecture, ModelError> {
    let plain = named(name, 10)?;
    Ok(guesses(shapes).into_iter().find(|architecture| architecture.name == plain.name).unwrap_or(plain))
}

/// The built-in network with these tensors for images of [height, width] = `image`, where its operations are others for other sizes.
pub fn sized(shapes: &Shapes, image: [i64; 2]) -> Option<Architecture> {
    match Head::recognize(shapes) {
        Some((head, base)) => head.attach_to(swin::sized(&base, image)?).ok(),
        None => swin::sized(shapes, image),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nearest(shapes: &Shapes) -> Option<(Architecture, Match)> {
        candidates(shapes).into_iter().next()
    }

    fn shapes(architecture: &Architecture) -> Shapes {
        architecture.tensors.iter().map(|spec| (spec.name.clone(), spec.shape.clone())).collect()
    }

    fn parameters(architecture: &Architecture) -> i64 {
        let trained = architecture.tensors.iter().filter(|spec| super::super::is_parameter(&spec.name));
        trained.map(|spec| spec.shape.iter().product::<i64>()).sum()
    }

    #[test]
    fn parameter_counts_are_those_of_the_papers() {
        // He et al. 2016 table 6 (0.27 M, 1.7 M); OpenOOD resnet18_32x32; Zagoruyko & Komodakis 2016; Huang et al. 2017 (0.8 M).
        let expected = [
            ("resnet20", 269_722),
            ("resnet56", 853_018),
            ("resnet110", 1_727_962),
            ("resnet18_32x32", 11_173_962),
            ("wrn-40-2", 2_243_546),
            ("wrn-28-10", 36_479_194),
            ("densenet-bc-100-12", 769_162),
            ("oe_mnist", 21_840),
            ("mnist_tutorial", 21_840),
            ("lenet5", 62_006),
            // 272,474 of chenyaofo/pytorch-cifar-models: two projections of 16·32 + 64 and 32·64 + 128 beyond option A.
            ("resnet20_option_b", 272_474),
        ];
        for (name, count) in expected {
            assert_eq!(parameters(&named(name, 10).unwrap()), count, "{name}");
        }
        assert_eq!(parameters(&named("resnet18_32x32", 100).unwrap()), 11_220_132);
    }

    #[test]
    fn every_member_is_recognized_from_its_own_shapes() {
        for name in [
            "resnet8",
            "resnet14",
            "resnet20",
            "resnet32",
            "resnet44",
            "resnet56",
            "resnet110",
            "resnet18_32x32",
            "wrn-40-2",
            "wrn-16-4",
            "wrn-28-10",
            "wrn-40-1",
            "densenet-bc-100-12",
            "densenet-bc-190-40",
            "oe_mnist",
            "lenet5",
            "resnet8_option_b",
            "resnet110_option_b",
        ] {
            for classes in [2, 10, 100] {
                let architecture = named(name, classes).unwrap();
                let (found, report) = nearest(&shapes(&architecture)).unwrap();
                assert!(report.is_exact(), "{name}: {report:?}");
                assert_eq!((found.name.as_str(), found.classes), (name, classes));
                assert_eq!(found, architecture);
            }
        }
    }

    #[test]
    fn networks_with_the_same_tensors_are_all_offered_the_usual_one_first() {
        for names in [
            &["resnet20", "resnet20_noshort"][..],
            &["resnet18_32x32", "resnet18_64x64", "resnet18_32x32_maxpool"],
            &["oe_mnist", "mnist_tutorial"],
            &["lenet5", "lenet5_relu_avg", "lenet5_tanh_max", "lenet5_tanh_avg"],
            &["resnet20_option_b"],
            &["wrn-16-4"],
        ] {
            for name in names {
                let architecture = named(name, 10).unwrap();
                let exact: Vec<String> = candidates(&shapes(&architecture))
                    .into_iter()
                    .filter(|(_, found)| found.is_exact())
                    .map(|(architecture, _)| architecture.name)
                    .collect();
                assert_eq!(exact, names, "{name}");
            }
        }
        assert!(named("resnet18_32x32", 10).unwrap().usual && !named("resnet18_32x32", 200).unwrap().usual);
    }

    #[test]
    fn an_architecture_is_found_by_its_name_whatever_its_head_and_shortcuts_are_called() {
        let renamed: Shapes = shapes(&named("resnet20_option_b", 7).unwrap())
            .into_iter()
            .map(|(key, shape)| (key.replace("shortcut.", "downsample.").replace("linear.", "fc."), shape))
            .collect();
        let found = named_for("resnet20_option_b", &renamed).unwrap();
        assert!(found.compare(&renamed).is_exact());
        assert_eq!(found.classes, 7);
        let other = named_for("resnet20_noshort", &shapes(&named("resnet20", 7).unwrap())).unwrap();
        assert_eq!((other.name.as_str(), other.classes), ("resnet20_noshort", 7));
    }

    #[test]
    fn the_graph_reads_exactly_the_expected_tensors() {
        let names = ["resnet8", "resnet8_option_b", "resnet8_noshort", "resnet18_32x32", "resnet18_64x64", "resnet18_32x32_maxpool"];
        for name in names.into_iter().chain(["wrn-40-2", "densenet-bc-100-12", "oe_mnist", "mnist_tutorial", "lenet5", "lenet5_tanh_avg"]) {
            let architecture = named(name, 10).unwrap();
            let mut read = architecture.graph.tensor_names();
            let mut expected: Vec<String> = architecture.tensors.iter().map(|spec| spec.name.clone()).collect();
            read.sort();
            expected.sort();
            assert_eq!(read, expected, "{name}");
        }
    }

    #[test]
    fn other_names_of_head_and_shortcut_are_understood() {
        let renamed = |name: &str, from: &str, to: &str| -> Shapes {
            shapes(&named(name, 10).unwrap()).into_iter().map(|(key, shape)| (key.replace(from, to), shape)).collect()
        };
        for (name, from, to) in [
            ("resnet20", "linear.", "fc."),
            ("resnet18_32x32", "fc.", "linear."),
            ("resnet18_32x32", "shortcut.", "downsample."),
            ("wrn-40-2", "fc.", "linear."),
            ("densenet-bc-100-12", "fc.", "classifier."),
        ] {
            let (found, report) = nearest(&renamed(name, from, to)).unwrap();
            assert!(report.is_exact(), "{name} {from} -> {to}: {report:?}");
            assert_eq!(found.name, name);
        }
    }

    #[test]
    fn another_architecture_gives_the_nearest_family_and_what_differs() {
        let mut deeper = shapes(&named("resnet18_32x32", 10).unwrap());
        deeper.insert("layer1.2.conv1.weight".into(), vec![64, 64, 3, 3]);
        let (found, report) = nearest(&deeper).unwrap();
        assert_eq!((found.name.as_str(), report.is_exact()), ("resnet18_32x32", false));
        assert_eq!(report.unexpected, ["layer1.2.conv1.weight"]);
        deeper.insert("conv1.weight".into(), vec![64, 3, 7, 7]);
        deeper.shift_remove("bn1.bias");
        let (_, report) = nearest(&deeper).unwrap();
        assert_eq!(report.mismatched, ["conv1.weight: expected [64, 3, 3, 3], found [64, 3, 7, 7]"]);
        assert_eq!(report.missing, ["bn1.bias"]);
        assert!(nearest(&Shapes::from_iter([("l1.weight".to_string(), vec![128, 784])])).is_none());
    }

    #[test]
    fn names_that_do_not_exist_are_errors() {
        for name in [
            "resnet21",
            "resnet2",
            "resnet20_",
            "resnet20_option_a",
            "resnet18_option_b",
            "resnet8_noshort_option_b",
            "wrn-41-2",
            "wrn-40-0",
            "wrn-40",
            "densenet-bc-101-12",
            "vit",
            "",
        ] {
            assert!(named(name, 10).is_err(), "{name}");
        }
        assert!(named("resnet20", 0).is_err());
    }
}
