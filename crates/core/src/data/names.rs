//! Names of classes.

use std::path::Path;

/// The classes of CIFAR-10 in label order.
pub(super) const CIFAR10: [&str; 10] = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

/// [`CIFAR10`] as a list of names.
pub(super) fn cifar10() -> Vec<String> {
    CIFAR10.map(str::to_owned).to_vec()
}

/// The classes of CIFAR-100 in label order.
const CIFAR100: &str = "apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly camel can castle caterpillar \
    cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur dolphin elephant flatfish forest fox girl \
    hamster house kangaroo keyboard lamp lawn_mower leopard lion lizard lobster man maple_tree motorcycle mountain mouse mushroom \
    oak_tree orange orchid otter palm_tree pear pickup_truck pine_tree plain plate poppy porcupine possum rabbit raccoon ray road \
    rocket rose sea seal shark shrew skunk skyscraper snail snake spider squirrel streetcar sunflower sweet_pepper table tank \
    telephone television tiger tractor train trout tulip turtle wardrobe whale willow_tree wolf woman worm";

/// The superclasses of CIFAR-100 in label order.
const CIFAR100_COARSE: &str = "aquatic_mammals fish flowers food_containers fruit_and_vegetables household_electrical_devices household_furniture insects \
    large_carnivores large_man-made_outdoor_things large_natural_outdoor_scenes large_omnivores_and_herbivores medium_mammals \
    non-insect_invertebrates people reptiles small_mammals trees vehicles_1 vehicles_2";

/// The fine classes of CIFAR-100.
pub(super) fn cifar100() -> Vec<String> {
    CIFAR100.split(' ').map(str::to_owned).collect()
}

/// Its superclasses.
pub(super) fn cifar100_coarse() -> Vec<String> {
    CIFAR100_COARSE.split(' ').map(str::to_owned).collect()
}

/// One name a line, if the file exists and has `count` of them.
pub(super) fn lines(path: &Path, count: usize) -> Option<Vec<String>> {
    let text = std::fs::read_to_string(path).ok()?;
    let names: Vec<String> = text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    (names.len() == count).then_some(names)
}
