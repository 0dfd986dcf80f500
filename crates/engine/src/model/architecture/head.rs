//! [`Head`]: layers of a method that replace a network's classifier. Every family may have one: `resnet20+conf_branch`.
//!
//! Tensors are named as in OpenOOD's wrappers: the network's own under `backbone.` (without its classifier), the head's beside it.

use tch::{Kind, Tensor};

use super::super::operation::{CENTER_DISTANCE, COSINE};
use super::super::{ModelError, NodeId, Op, Output, max_softmax};
use super::{Architecture, Blueprint, Init, Shapes, TensorSpec};

const BACKBONE: &str = "backbone.";

/// How G-ODIN's numerator compares features with class weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Similarity {
    /// Cosine of the angle between h and w_c.
    Cosine,
    /// w_c·h + b_c
    Inner,
    /// −mean_d (h_d − w_cd)²
    Euclid,
}

/// A head. Its logits are those of the network; its other output is [`Output::auxiliary`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Head {
    /// DeVries & Taylor 2018: a classifier, and a confidence logit [N, 1] as auxiliary output.
    ConfBranch,
    /// Yu & Aizawa 2019: two classifiers, the second one's logits [N, C] as auxiliary output.
    Mcd,
    /// Hsu et al. 2020: numerators H as logits, the denominator's logit [N, 1] (before the sigmoid) as auxiliary output.
    Godin(Similarity),
}

impl Head {
    /// Every head.
    pub const ALL: [Head; 5] =
        [Head::ConfBranch, Head::Mcd, Head::Godin(Similarity::Cosine), Head::Godin(Similarity::Inner), Head::Godin(Similarity::Euclid)];

    /// Suffix of an architecture's name.
    pub fn key(self) -> &'static str {
        match self {
            Head::ConfBranch => "conf_branch",
            Head::Mcd => "mcd",
            Head::Godin(Similarity::Cosine) => "godin",
            Head::Godin(Similarity::Inner) => "godin_inner",
            Head::Godin(Similarity::Euclid) => "godin_euclid",
        }
    }

    /// The name of an architecture without its head, and the head.
    pub fn split(architecture: &str) -> (&str, Option<Head>) {
        let split = architecture.rsplit_once('+');
        let found = split.and_then(|(base, key)| Some((base, Head::ALL.into_iter().find(|head| head.key() == key)?)));
        found.map_or((architecture, None), |(base, head)| (base, Some(head)))
    }

    /// Confidence that an image is ID, `[N]` f64; larger = more ID. ConfBranch: sigmoid of the confidence logit; MCD:
    /// −‖p₁ − p₂‖₁; G-ODIN: max softmax(H), as OpenOOD, without its perturbation of the input.
    ///
    /// # Errors
    /// When shapes do not fit.
    pub fn confidence(self, output: &Output) -> Result<Tensor, ModelError> {
        let softmax = |logits: &Tensor| logits.f_to_kind(Kind::Double)?.f_softmax(1, Kind::Double);
        Ok(match self {
            Head::ConfBranch => output.need_auxiliary()?.f_to_kind(Kind::Double)?.f_sigmoid()?.f_squeeze_dim(1)?,
            Head::Mcd => {
                let difference = softmax(&output.logits)?.f_sub(&softmax(output.need_auxiliary()?)?)?;
                difference.f_abs()?.f_sum_dim_intlist([1i64].as_slice(), false, Kind::Double)?.f_neg()?
            }
            Head::Godin(_) => max_softmax(&output.logits)?,
        })
    }

    /// The tensor that a tensor of the network with this head is initialized from, when the head replaces the classifier called
    /// `classifier`; `None`: it is new.
    pub fn origin(self, tensor: &str, classifier: &str) -> Option<String> {
        if let Some(name) = tensor.strip_prefix(BACKBONE) {
            return Some(name.to_owned());
        }
        let (layer, part) = tensor.rsplit_once('.')?;
        let copied = match self {
            Head::ConfBranch => layer == "fc",
            Head::Mcd => layer == "fc1" || layer == "fc2",
            Head::Godin(_) => false,
        };
        copied.then(|| format!("{classifier}.{part}"))
    }

    /// `base` with this head in place of its classifier.
    ///
    /// # Errors
    /// When `base` does not end with one affine map of its features.
    pub fn attach_to(self, base: Architecture) -> Result<Architecture, ModelError> {
        let refuse =
            || ModelError::Mismatch(format!("expected a network with one classifier to put `{}` on, found {}", self.key(), base.name));
        let classifier = base.classifier().ok_or_else(refuse)?.to_owned();
        let mut nodes = base.graph.nodes.clone();
        nodes.truncate(base.graph.logits);
        for node in &mut nodes {
            node.op.rename(|name| format!("{BACKBONE}{name}"));
        }
        let inside = base.tensors.iter().filter(|spec| !spec.name.starts_with(&format!("{classifier}.")));
        let tensors = inside.map(|spec| TensorSpec { name: format!("{BACKBONE}{}", spec.name), ..spec.clone() }).collect();
        let mut net = Blueprint::continued(nodes, base.graph.input.clone(), tensors);
        let (features, classes) = (base.graph.features, base.classes);
        let (logits, auxiliary) = match self {
            Head::ConfBranch => (net.linear(features, "fc", classes), net.linear(features, "confidence", 1)),
            Head::Mcd => (net.linear(features, "fc1", classes), net.linear(features, "fc2", classes)),
            Head::Godin(similarity) => {
                let numerator = numerator(&mut net, features, similarity, classes);
                let affine = net.linear(features, "g.0", 1);
                (numerator, net.batch_norm(affine, "g.1"))
            }
        };
        let (graph, tensors) = net.finish(features, logits);
        let program = base.program.map(|program| program.renamed(|name| format!("{BACKBONE}{name}")));
        Ok(Architecture { name: format!("{}+{}", base.name, self.key()), graph: graph.with_auxiliary(auxiliary), tensors, program, ..base })
    }

    /// The head that tensors of these names and shapes have, and the shapes of the network under it with a classifier of all names that
    /// the families know; `None` where there is no head.
    pub fn recognize(shapes: &Shapes) -> Option<(Head, Shapes)> {
        let head = if shapes.contains_key("confidence.weight") {
            Head::ConfBranch
        } else if shapes.contains_key("h.centers.weight") {
            Head::Godin(Similarity::Euclid)
        } else if shapes.contains_key("h.h.bias") {
            Head::Godin(Similarity::Inner)
        } else if shapes.contains_key("h.h.weight") {
            Head::Godin(Similarity::Cosine)
        } else {
            Head::Mcd
        };
        let weight = match head {
            Head::ConfBranch => "fc.weight",
            Head::Mcd => "fc1.weight",
            Head::Godin(Similarity::Euclid) => "h.centers.weight",
            Head::Godin(_) => "h.h.weight",
        };
        let classifier = shapes.get(weight).filter(|shape| shape.len() == 2)?.clone();
        let mut base: Shapes =
            shapes.iter().filter_map(|(name, shape)| Some((name.strip_prefix(BACKBONE)?.to_owned(), shape.clone()))).collect();
        if base.is_empty() {
            return None;
        }
        for layer in ["fc", "fc2", "output"] {
            base.insert(format!("{layer}.weight"), classifier.clone());
            base.insert(format!("{layer}.bias"), classifier[..1].to_vec());
        }
        Some((head, base))
    }
}

/// G-ODIN's numerator, Kaiming-normal for ReLU. Cosine and distance need the same tensors, and OpenOOD calls them the same; here the
/// centres of the distance have a name of their own, so that a file shows which it is.
fn numerator(net: &mut Blueprint, features: NodeId, similarity: Similarity, classes: i64) -> NodeId {
    let dim = net.channels(features);
    let weight = if similarity == Similarity::Euclid { "h.centers.weight" } else { "h.h.weight" }.to_owned();
    net.spec(weight.clone(), &[classes, dim], Init::Normal { std: (2.0 / dim as f64).sqrt() });
    match similarity {
        Similarity::Cosine => net.compare(features, COSINE, weight, classes),
        Similarity::Euclid => net.compare(features, CENTER_DISTANCE, weight, classes),
        Similarity::Inner => {
            let bias = "h.h.bias".to_owned();
            net.spec(bias.clone(), &[classes], Init::Constant(0.0));
            net.push(Op::Linear { weight, bias: Some(bias), inputs: dim, outputs: classes }, &[features])
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use tch::Device;

    use super::super::super::{Network, Tensors};
    use super::super::{candidates, named};
    use super::*;

    fn output(logits: &[f64], auxiliary: &[f64]) -> Output {
        let row = |values: &[f64]| Tensor::from_slice(values).view([1, -1]);
        Output { features: row(&[0.0]), logits: row(logits), auxiliary: Some(row(auxiliary)) }
    }

    fn confidence(head: Head, logits: &[f64], auxiliary: &[f64]) -> f64 {
        f64::try_from(head.confidence(&output(logits, auxiliary)).unwrap()).unwrap()
    }

    /// Reference values, computed independently.
    #[test]
    fn confidences_match_the_golden_values() {
        let z = [2.0, -1.0, 0.5];
        assert!((confidence(Head::Mcd, &z, &[0.0, 1.0, 0.5]) + 1.198546623).abs() < 1e-9);
        assert!((confidence(Head::ConfBranch, &z, &[-0.5]) - 0.377540669).abs() < 1e-9);
        assert!((confidence(Head::Godin(Similarity::Cosine), &z, &[0.0]) - 0.785597035).abs() < 1e-9);
    }

    #[test]
    fn every_family_carries_every_head_and_is_recognized_from_its_shapes() {
        for base in ["resnet20", "resnet20_option_b", "resnet18_32x32", "wrn-16-4", "densenet-bc-22-12", "oe_mnist", "lenet5"] {
            for head in Head::ALL {
                let name = format!("{base}+{}", head.key());
                let architecture = named(&name, 7).unwrap();
                assert_eq!((architecture.name.as_str(), Head::split(&name)), (name.as_str(), (base, Some(head))));
                let shapes: Shapes = architecture.tensors.iter().map(|spec| (spec.name.clone(), spec.shape.clone())).collect();
                let (found, report) = candidates(&shapes).into_iter().next().unwrap();
                assert!(report.is_exact(), "{name}: {report:?}");
                assert_eq!(found, architecture);
                let (mut read, mut expected) = (architecture.graph.tensor_names(), shapes.keys().cloned().collect::<Vec<_>>());
                read.sort();
                expected.sort();
                assert_eq!(read, expected, "{name}");
            }
        }
        assert!(named("resnet20+nothing", 10).is_err());
    }

    /// The names of OpenOOD's ConfBranchNet, MCDNet and GodinNet.
    #[test]
    fn tensors_are_named_as_in_openood() {
        let names = |name: &str| named(name, 10).unwrap().tensors.into_iter().map(|spec| spec.name).collect::<Vec<_>>();
        let conf_branch = names("resnet18_32x32+conf_branch");
        assert!(conf_branch.contains(&"backbone.layer2.0.shortcut.1.running_var".into()));
        assert_eq!(conf_branch[conf_branch.len() - 4..], ["fc.weight", "fc.bias", "confidence.weight", "confidence.bias"]);
        assert!(names("resnet18_32x32+mcd").ends_with(&["fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"].map(String::from)));
        let godin = names("resnet18_32x32+godin");
        assert_eq!(godin.iter().filter(|name| !name.starts_with("backbone.")).count(), 7);
        assert!(godin.contains(&"h.h.weight".into()) && godin.contains(&"g.0.bias".into()) && godin.contains(&"g.1.running_mean".into()));
    }

    #[test]
    fn a_head_keeps_what_the_network_knew() {
        let x = Tensor::randn([3, 3, 32, 32], (Kind::Float, Device::Cpu));
        let plain = || Network::random("resnet8", 4, 1, Device::Cpu).unwrap();
        let expected = plain().forward(&x).unwrap();
        for head in Head::ALL {
            let network = plain().with_head(head, 1).unwrap();
            let found = network.forward(&x).unwrap();
            assert_eq!(found.features, expected.features);
            if !matches!(head, Head::Godin(_)) {
                assert_eq!(found.logits, expected.logits, "{head:?}");
            }
            let columns = if head == Head::Mcd { 4 } else { 1 };
            assert_eq!(found.auxiliary.unwrap().size(), [3, columns]);
            let again = Network::random(&network.architecture, 4, 1, Device::Cpu).unwrap();
            assert_eq!(network.hash(), again.hash(), "the same as from scratch with the head");
        }
    }

    #[test]
    fn numerators_are_cosines_or_distances() {
        let weight = Tensor::from_slice(&[3.0f32, 4.0, 0.0, 1.0]).view([2, 2]);
        let tensors = Tensors::from([("w".to_owned(), weight)]);
        let h = Tensor::from_slice(&[6.0f32, 8.0]).view([1, 2]);
        let evaluate = |name: &str| -> Vec<f32> {
            let mut net = Blueprint::new([2, 1, 1]);
            let logits = net.compare(Blueprint::INPUT, name, "w".into(), 2);
            let (graph, _) = net.finish(Blueprint::INPUT, logits);
            let mode = super::super::super::BatchNormMode::Frozen;
            Vec::try_from(graph.forward(&tensors, &h, mode).unwrap().logits.flatten(0, -1)).unwrap()
        };
        for (found, expected) in evaluate(COSINE).iter().zip([1.0, 0.8]) {
            assert!((found - expected).abs() < 2e-4, "{found} {expected}");
        }
        assert_eq!(evaluate(CENTER_DISTANCE), [-12.5, -42.5]);
    }
}
