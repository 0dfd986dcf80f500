//! The rules as data: which tensors are those of which library's networks.
//!
//! A row of a family: library, name, tensors that every member has (the first layer first), modules that give the logits (the main one
//! first), models. A row of a model: name, number of its floating-point tensors without those of the logits and of positions, number of
//! their values for three input channels, input size of the library's own weights. `check_rules.py` compares them with the libraries.

use super::family::Library::{Timm, Torchvision};
use super::family::{CLIP, Family, HALF, Model, family, hugging_face, model};

/// Every family. Where several fit, the first that has a model of the same size is taken.
pub const FAMILIES: &[Family] = &[
    family(Torchvision, "ResNet", "conv1.weight layer1.0.conv1.weight layer4.0.conv1.weight", "fc", RESNETS),
    family(Torchvision, "AlexNet or VGG", "features.0.weight classifier.6.weight", "classifier.6", VGGS),
    family(Torchvision, "SqueezeNet", "features.0.weight features.3.squeeze.weight", "classifier.1", SQUEEZENETS),
    family(Torchvision, "DenseNet", "features.conv0.weight features.denseblock1.denselayer1.conv1.weight", "classifier", DENSENETS),
    family(Torchvision, "MobileNetV2", "features.0.0.weight features.1.conv.0.0.weight", "classifier.1", MOBILENETS_V2),
    family(Torchvision, "MobileNetV3", "features.0.0.weight features.1.block.0.0.weight", "classifier.3", MOBILENETS_V3),
    family(Torchvision, "EfficientNet", "features.0.0.weight features.1.0.block.0.0.weight", "classifier.1", EFFICIENTNETS),
    family(Torchvision, "ConvNeXt", "features.0.0.weight features.1.0.layer_scale", "classifier.2", CONVNEXTS),
    family(Torchvision, "SwinTransformer", "features.0.0.weight features.1.0.attn.qkv.weight", "head", SWINS),
    family(Torchvision, "MaxViT", "stem.0.0.weight blocks.0.layers.0.layers.MBconv.layers.conv_a.0.weight", "classifier.5", MAXVITS),
    family(Torchvision, "RegNet", "stem.0.weight trunk_output.block1.block1-0.f.a.0.weight", "fc", REGNETS),
    family(Torchvision, "ShuffleNetV2", "conv1.0.weight stage2.0.branch1.0.weight", "fc", SHUFFLENETS),
    family(Torchvision, "MNASNet", "layers.0.weight layers.8.0.layers.0.weight", "classifier.1", MNASNETS),
    family(Torchvision, "GoogLeNet", "conv1.conv.weight inception3a.branch1.conv.weight", "fc aux1.fc2 aux2.fc2", GOOGLENETS),
    family(Torchvision, "Inception3", "Conv2d_1a_3x3.conv.weight Mixed_5b.branch1x1.conv.weight", "fc AuxLogits.fc", INCEPTIONS),
    family(Torchvision, "VisionTransformer", "conv_proj.weight encoder.layers.encoder_layer_0.ln_1.weight", "heads.head", VITS)
        .at("encoder.pos_embedding"),
    family(Timm, "VisionTransformer", "patch_embed.proj.weight head_dist.weight", "head head_dist", TIMM_DISTILLED).at("pos_embed"),
    family(Timm, "VisionTransformer", "patch_embed.proj.weight blocks.0.attn.qkv.weight", "head", TIMM_VITS).at("pos_embed"),
    family(Timm, "SwinTransformer", "patch_embed.proj.weight layers.0.blocks.0.attn.qkv.weight", "head.fc", TIMM_SWINS),
    family(Timm, "ConvNeXt", "stem.0.weight stages.0.blocks.0.conv_dw.weight", "head.fc", TIMM_CONVNEXTS),
    family(Timm, "EfficientNet", "conv_stem.weight blocks.0.0.conv_pw.weight", "classifier", TIMM_EFFICIENTNETS),
    family(Timm, "EfficientNet", "conv_stem.weight blocks.0.0.conv.weight", "classifier", TIMM_EFFICIENTNETS_V2),
    family(Timm, "MlpMixer", "stem.proj.weight blocks.0.mlp_tokens.fc1.weight", "head", TIMM_MIXERS),
    family(Timm, "RegNet", "stem.conv.weight s1.b1.conv1.conv.weight", "head.fc", TIMM_REGNETS),
    family(Timm, "ResNetV2", "stem.conv.weight stages.0.blocks.0.conv1.weight", "head.fc", TIMM_RESNETS_V2),
    family(Timm, "ResNet", "conv1.0.weight layer1.0.conv1.weight", "fc", TIMM_RESNETS_D),
    family(Timm, "ResNet", "conv1.weight layer1.0.conv1.weight layer4.0.conv1.weight", "fc", TIMM_RESNETS),
    hugging_face("ViT", "vit.embeddings.patch_embeddings.projection.weight classifier.weight", "classifier")
        .at("vit.embeddings.position_embeddings"),
    hugging_face("DeiT", "deit.embeddings.patch_embeddings.projection.weight classifier.weight", "classifier")
        .at("deit.embeddings.position_embeddings"),
    hugging_face("Dinov2", "dinov2.embeddings.patch_embeddings.projection.weight classifier.weight", "classifier")
        .at("dinov2.embeddings.position_embeddings"),
    hugging_face("Beit", "beit.embeddings.patch_embeddings.projection.weight classifier.weight", "classifier"),
    hugging_face("Swin", "swin.embeddings.patch_embeddings.projection.weight classifier.weight", "classifier"),
    hugging_face("Swinv2", "swinv2.embeddings.patch_embeddings.projection.weight classifier.weight", "classifier"),
    hugging_face("ConvNext", "convnext.embeddings.patch_embeddings.weight classifier.weight", "classifier"),
    hugging_face("ConvNextV2", "convnextv2.embeddings.patch_embeddings.weight classifier.weight", "classifier"),
    hugging_face("ResNet", "resnet.embedder.embedder.convolution.weight classifier.1.weight", "classifier.1"),
    hugging_face("MobileNetV2", "mobilenet_v2.conv_stem.first_conv.convolution.weight classifier.weight", "classifier"),
    hugging_face("EfficientNet", "efficientnet.embeddings.convolution.weight classifier.weight", "classifier"),
];

/// Modules that usually give the logits, for networks of no family.
pub const HEADS: &[&str] = &["fc", "classifier", "head", "linear", "head.fc", "heads.head", "last_linear", "logits", "output", "out"];

/// What data-parallel training and compilation put before the names; no network has it of its own.
pub const WRAPPERS: &[&str] = &["module.", "_orig_mod."];

/// First parts of the names of tensors that belong to a loss or a metric beside the network.
pub const LOSSES: &[&str] = &["criterion", "loss", "loss_fn", "loss_func", "loss_function", "losses", "metric", "metrics"];

const RESNETS: &[Model] = &[
    model("resnet18", 100, 11_186_112, 224).or("timm's resnetblur18"),
    model("resnet34", 180, 21_301_696, 224),
    model("resnext50_32x4d", 265, 23_048_128, 224),
    model("resnet50", 265, 23_561_152, 224).or("timm's resnetaa50, timm's resnetblur50"),
    model("resnet101", 520, 42_605_504, 224),
    model("resnet152", 775, 58_295_232, 224),
    model("wide_resnet50_2", 265, 66_902_464, 224),
    model("resnext101_64x4d", 520, 81_609_152, 224),
    model("resnext101_32x8d", 520, 86_945_216, 224),
    model("wide_resnet101_2", 520, 124_975_552, 224),
];

const VGGS: &[Model] = &[
    model("alexnet", 14, 57_003_840, 224),
    model("vgg11", 20, 128_766_336, 224),
    model("vgg11_bn", 52, 128_777_344, 224),
    model("vgg13", 24, 128_950_848, 224),
    model("vgg13_bn", 64, 128_962_624, 224),
    model("vgg16", 30, 134_260_544, 224),
    model("vgg16_bn", 82, 134_277_440, 224),
    model("vgg19", 36, 139_570_240, 224),
    model("vgg19_bn", 100, 139_592_256, 224),
];

const SQUEEZENETS: &[Model] = &[model("squeezenet1_1", 50, 722_496, 224), model("squeezenet1_0", 50, 735_424, 224)];

const DENSENETS: &[Model] = &[
    model("densenet121", 604, 7_037_504, 224),
    model("densenet169", 844, 12_642_880, 224),
    model("densenet201", 1004, 18_321_984, 224),
    model("densenet161", 804, 26_691_936, 224),
];

const MOBILENETS_V2: &[Model] = &[model("mobilenet_v2", 260, 2_257_984, 224)];

const MOBILENETS_V3: &[Model] = &[model("mobilenet_v3_small", 208, 1_529_968, 224), model("mobilenet_v3_large", 264, 4_226_432, 224)];

const EFFICIENTNETS: &[Model] = &[
    model("efficientnet_b0", 309, 4_049_564, 224),
    model("efficientnet_b1", 437, 6_575_232, 240),
    model("efficientnet_b2", 437, 7_768_562, 288),
    model("efficientnet_b3", 494, 10_783_528, 300),
    model("efficientnet_b4", 608, 17_673_816, 380),
    model("efficientnet_v2_s", 670, 20_331_360, 384),
    model("efficientnet_b5", 736, 28_513_520, 456),
    model("efficientnet_b6", 850, 40_960_136, 528),
    model("efficientnet_v2_m", 961, 53_150_388, 480),
    model("efficientnet_b7", 1035, 64_097_680, 600),
    model("efficientnet_v2_l", 1329, 117_746_848, 480).after(HALF),
];

const CONVNEXTS: &[Model] = &[
    model("convnext_tiny", 180, 27_820_128, 224),
    model("convnext_small", 342, 49_454_688, 224),
    model("convnext_base", 342, 87_566_464, 224),
    model("convnext_large", 342, 196_230_336, 224),
];

const SWINS: &[Model] = &[
    model("swin_t", 171, 27_519_354, 224),
    model("swin_v2_t", 219, 27_587_970, 256),
    model("swin_s", 327, 48_837_258, 224),
    model("swin_v2_s", 423, 48_979_242, 256),
    model("swin_b", 327, 86_743_224, 224),
    model("swin_v2_b", 423, 86_916_648, 256),
];

const MAXVITS: &[Model] = &[model("maxvit_t", 525, 30_455_240, 224)];

const REGNETS: &[Model] = &[
    model("regnet_y_400mf", 329, 3_930_296, 224),
    model("regnet_x_400mf", 355, 5_132_832, 224),
    model("regnet_y_800mf", 291, 5_677_944, 224),
    model("regnet_x_800mf", 265, 6_623_968, 224),
    model("regnet_x_1_6gf", 295, 8_320_640, 224),
    model("regnet_y_1_6gf", 538, 10_366_102, 224),
    model("regnet_x_3_2gf", 400, 14_350_112, 224),
    model("regnet_y_3_2gf", 424, 17_989_498, 224),
    model("regnet_y_8gf", 348, 37_451_000, 224),
    model("regnet_x_8gf", 370, 37_742_112, 224),
    model("regnet_x_16gf", 355, 52_340_704, 224),
    model("regnet_y_16gf", 367, 80_687_956, 224),
    model("regnet_x_32gf", 370, 105_452_576, 224),
    model("regnet_y_32gf", 405, 141_492_058, 224),
    model("regnet_y_128gf", 538, 637_834_966, 384),
];

const SHUFFLENETS: &[Model] = &[
    model("shufflenet_v2_x0_5", 280, 349_744, 224),
    model("shufflenet_v2_x1_0", 280, 1_269_784, 224),
    model("shufflenet_v2_x1_5", 280, 2_502_064, 224),
    model("shufflenet_v2_x2_0", 280, 5_378_712, 224),
];

const MNASNETS: &[Model] = &[
    model("mnasnet0_5", 260, 958_136, 224),
    model("mnasnet0_75", 260, 1_919_016, 224),
    model("mnasnet1_0", 260, 3_140_232, 224),
    model("mnasnet1_3", 260, 5_050_072, 224),
];

const GOOGLENETS: &[Model] = &[
    model("googlenet", 285, 5_614_464, 224).with("init_weights=False, aux_logits=False"),
    model("googlenet", 299, 9_944_960, 224).with("init_weights=False"),
];

const INCEPTIONS: &[Model] = &[
    model("inception_v3", 470, 21_820_000, 299).with("init_weights=False, aux_logits=False"),
    model("inception_v3", 480, 24_379_488, 299).with("init_weights=False"),
];

const VITS: &[Model] = &[
    model("vit_b_16", 149, 85_647_360, 224),
    model("vit_b_32", 149, 87_416_832, 224),
    model("vit_l_16", 293, 303_099_904, 224),
    model("vit_l_32", 293, 305_459_200, 224),
    model("vit_h_14", 389, 630_435_840, 518),
];

const TIMM_DISTILLED: &[Model] = &[
    model("deit_tiny_distilled_patch16_224", 150, 5_486_784, 224),
    model("deit_small_distilled_patch16_224", 150, 21_590_400, 224),
    model("deit_base_distilled_patch16_224", 150, 85_648_128, 224),
];

const TIMM_VITS: &[Model] = &[
    model("vit_tiny_patch16_224", 149, 5_486_592, 224).after(HALF).or("deit_tiny_patch16_224"),
    model("vit_small_patch16_224", 149, 21_590_016, 224).after(HALF).or("deit_small_patch16_224, flexivit_small"),
    model("vit_small_patch32_224", 149, 22_474_752, 224).after(HALF),
    model("vit_base_patch8_224", 149, 85_204_992, 224).after(HALF),
    model("vit_base_patch16_224", 149, 85_647_360, 224).after(HALF).or("deit_base_patch16_224, flexivit_base"),
    model("vit_base_patch32_224", 149, 87_416_832, 224).after(HALF),
    model("vit_large_patch16_224", 293, 303_099_904, 224).after(HALF).or("flexivit_large"),
    model("vit_large_patch32_224", 293, 305_459_200, 224).after(HALF),
    model("vit_huge_patch14_224", 389, 630_435_840, 224).after(HALF),
    model("vit_base_patch16_clip_224", 150, 85_648_128, 224).after(CLIP).or("vit_base_patch16_clip_quickgelu_224"),
    model("vit_base_patch32_clip_224", 150, 87_417_600, 224).after(CLIP).or("vit_base_patch32_clip_quickgelu_224"),
    model("vit_large_patch14_clip_224", 294, 302_916_608, 224).after(HALF).or("vit_large_patch14_clip_quickgelu_224"),
    model("vit_huge_patch14_clip_224", 390, 630_437_120, 224).after(CLIP).or("vit_huge_patch14_clip_quickgelu_224"),
    model("vit_base_patch16_siglip_224", 161, 92_733_696, 224).after(HALF),
    model("deit3_small_patch16_224", 173, 21_599_232, 224).or("vit_small_patch16_rope_224, vit_small_patch16_rope_ape_224"),
    model("deit3_base_patch16_224", 173, 85_665_792, 224).or("vit_base_patch16_rope_224, vit_base_patch16_rope_ape_224"),
    model("deit3_large_patch16_224", 341, 303_149_056, 224).or("vit_large_patch16_rope_224, vit_large_patch16_rope_ape_224"),
    model("vit_small_patch14_dinov2", 173, 21_530_112, 518),
    model("vit_base_patch14_dinov2", 173, 85_527_552, 518),
    model("vit_large_patch14_dinov2", 341, 302_964_736, 518),
    model("vit_small_patch14_reg4_dinov2", 174, 21_531_648, 518),
    model("vit_base_patch14_reg4_dinov2", 174, 85_530_624, 518),
    model("vit_large_patch14_reg4_dinov2", 342, 302_968_832, 518),
    model("vit_small_patch16_dinov3", 162, 21_586_944, 256),
    model("vit_base_patch16_dinov3", 162, 85_641_216, 256),
    model("vit_large_patch16_dinov3", 318, 303_079_424, 256),
    model("beit_base_patch16_224", 197, 85_761_984, 224).after(HALF).or("beitv2_base_patch16_224"),
    model("beit_large_patch16_224", 389, 303_405_568, 224).after(HALF).or("beitv2_large_patch16_224"),
    model("eva02_tiny_patch14_224", 161, 5_452_800, 224).after(CLIP),
    model("eva02_small_patch14_224", 161, 21_522_432, 224).after(CLIP),
];

const TIMM_SWINS: &[Model] = &[
    model("swin_tiny_patch4_window7_224", 171, 27_519_354, 224),
    model("swin_small_patch4_window7_224", 327, 48_837_258, 224),
    model("swin_base_patch4_window7_224", 327, 86_743_224, 224),
    model("swin_base_patch4_window12_384", 327, 86_878_584, 384),
    model("swin_large_patch4_window7_224", 327, 194_995_476, 224),
    model("swinv2_tiny_window8_256", 219, 27_578_154, 256).or("swinv2_tiny_window16_256"),
    model("swinv2_small_window8_256", 423, 48_959_418, 256).or("swinv2_small_window16_256"),
    model("swinv2_base_window8_256", 423, 86_893_816, 256)
        .or("swinv2_base_window12_192, swinv2_base_window12to16_192to256, swinv2_base_window12to24_192to384, swinv2_base_window16_256"),
];

const TIMM_CONVNEXTS: &[Model] = &[
    model("convnext_atto", 126, 3_374_520, 224),
    model("convnext_femto", 126, 4_832_784, 224),
    model("convnext_pico", 126, 8_532_672, 224),
    model("convnext_nano", 144, 14_952_560, 224),
    model("convnext_tiny", 180, 27_820_128, 224).or("convnext_tiny_hnf"),
    model("convnext_small", 342, 49_454_688, 224),
    model("convnext_base", 342, 87_566_464, 224),
    model("convnext_large", 342, 196_230_336, 224),
    model("convnext_xlarge", 342, 348_147_968, 224),
    model("convnextv2_atto", 138, 3_387_400, 224),
    model("convnextv2_femto", 138, 4_848_240, 224),
    model("convnextv2_pico", 138, 8_553_280, 224),
    model("convnextv2_nano", 158, 14_982_800, 224),
    model("convnextv2_tiny", 198, 27_866_496, 224),
    model("convnextv2_base", 378, 87_692_800, 224),
    model("convnextv2_large", 378, 196_419_840, 224),
];

const TIMM_EFFICIENTNETS: &[Model] = &[
    model("efficientnet_b0", 309, 4_049_564, 224).or("efficientnet_blur_b0, tf_efficientnet_b0"),
    model("efficientnet_b1", 437, 6_575_232, 240).after(HALF).or("tf_efficientnet_b1"),
    model("efficientnet_b2", 437, 7_768_562, 256).or("tf_efficientnet_b2"),
    model("efficientnet_b3", 494, 10_783_528, 288).or("tf_efficientnet_b3"),
    model("efficientnet_b4", 608, 17_673_816, 320).or("tf_efficientnet_b4"),
    model("efficientnet_b5", 736, 28_513_520, 448).or("tf_efficientnet_b5"),
    model("efficientnet_lite0", 245, 3_413_024, 224).or("tf_efficientnet_lite0"),
    model("mobilenetv2_050", 260, 706_224, 224),
    model("mobilenetv2_100", 260, 2_257_984, 224),
    model("mobilenetv2_140", 260, 4_363_712, 224),
    model("mobilenetv3_small_050", 208, 574_720, 224),
    model("mobilenetv3_small_075", 208, 1_026_552, 224).or("tf_mobilenetv3_small_075"),
    model("mobilenetv3_small_100", 208, 1_529_968, 224).or("tf_mobilenetv3_small_100"),
    model("mobilenetv3_large_100", 264, 4_226_432, 224).or("tf_mobilenetv3_large_100"),
    model("mnasnet_100", 260, 3_140_232, 224),
    model("semnasnet_100", 277, 2_639_526, 224),
    model("lcnet_050", 145, 605_328, 224),
    model("lcnet_100", 145, 1_683_744, 224),
    model("mixnet_s", 345, 2_629_798, 224).or("tf_mixnet_s"),
    model("mixnet_m", 419, 3_519_094, 224).or("tf_mixnet_m"),
    model("mixnet_l", 419, 5_846_524, 224).or("tf_mixnet_l"),
];

const TIMM_EFFICIENTNETS_V2: &[Model] = &[
    model("efficientnetv2_rw_t", 651, 12_743_412, 224),
    model("efficientnetv2_s", 670, 20_331_360, 288).or("tf_efficientnetv2_s"),
    model("efficientnetv2_m", 961, 53_150_388, 320).or("tf_efficientnetv2_m"),
    model("efficientnetv2_l", 1329, 117_746_848, 384).or("tf_efficientnetv2_l"),
    model("tf_efficientnetv2_b0", 359, 5_919_312, 192),
    model("tf_efficientnetv2_b1", 441, 6_931_124, 192),
    model("tf_efficientnetv2_b2", 460, 8_769_374, 208),
    model("tf_efficientnetv2_b3", 536, 12_930_622, 240).after(HALF),
    model("mobilenetv4_conv_small", 230, 2_518_112, 224),
];

const TIMM_MIXERS: &[Model] = &[
    model("mixer_s16_224", 100, 18_015_264, 224).after(HALF),
    model("mixer_s32_224", 100, 18_591_624, 224).after(HALF),
    model("mixer_b16_224", 148, 59_111_472, 224).after(HALF),
    model("mixer_b32_224", 148, 59_524_428, 224).after(HALF),
    model("mixer_l16_224", 292, 207_171_168, 224).after(HALF),
];

const TIMM_REGNETS: &[Model] = &[
    model("regnetx_002", 220, 2_336_640, 224),
    model("regnetx_008", 265, 6_623_968, 224),
    model("regnetx_032", 400, 14_350_112, 224),
    model("regnety_002", 272, 2_814_844, 224),
    model("regnety_004", 329, 3_930_296, 224),
    model("regnety_008", 291, 5_524_056, 224),
    model("regnety_016", 538, 10_366_102, 224),
    model("regnety_032", 424, 17_989_498, 224),
    model("regnety_160", 367, 80_687_956, 224),
];

const TIMM_RESNETS_V2: &[Model] = &[
    model("resnetv2_50x1_bit", 151, 23_500_352, 224).after(HALF),
    model("resnetv2_50x3_bit", 151, 211_174_080, 448).after(HALF),
    model("resnetv2_101x1_bit", 304, 42_492_480, 448).after(HALF),
    model("resnetv2_101x3_bit", 304, 381_789_888, 448).after(HALF),
    model("resnetv2_152x2_bit", 457, 232_238_208, 224).after(HALF),
    model("resnetv2_50", 249, 23_545_792, 224).after(HALF),
    model("resnetv2_101", 504, 42_590_144, 224).after(HALF),
];

const TIMM_RESNETS_D: &[Model] = &[
    model("resnet18d", 110, 11_205_472, 224),
    model("resnet34d", 190, 21_321_056, 224).or("resnetaa34d"),
    model("resnet26d", 155, 13_996_384, 224),
    model("resnet26t", 155, 13_993_832, 256),
    model("resnet50d", 275, 23_580_512, 224).or("resnet50c, resnetaa50d, resnetblur50d"),
    model("resnet50t", 275, 23_577_960, 224),
    model("resnet101d", 530, 42_624_864, 256).or("resnet101c, resnetaa101d, resnetblur101d"),
    model("resnet152d", 785, 58_314_592, 256).or("resnet152c"),
    model("resnet200d", 1025, 62_820_192, 256),
    model("ecaresnet50d", 291, 23_580_598, 224),
    model("ecaresnet50t", 291, 23_578_046, 256),
    model("seresnext26d_32x4d", 187, 14_799_168, 224),
    model("resnest50d", 403, 25_498_816, 224),
    model("resnest101e", 794, 46_356_128, 256),
];

const TIMM_RESNETS: &[Model] = &[
    model("resnet26", 145, 13_977_024, 224),
    model("resnet200", 1015, 62_800_832, 224),
    model("resnet50_gn", 159, 23_508_032, 224),
    model("seresnet18", 132, 11_276_224, 224),
    model("seresnet34", 244, 21_464_440, 224),
    model("seresnet50", 329, 26_092_144, 224),
    model("seresnet101", 652, 47_383_216, 224),
    model("seresnext50_32x4d", 329, 25_579_120, 224),
    model("seresnext101_32x4d", 652, 47_044_272, 224),
    model("resnext101_32x4d", 520, 42_266_560, 224),
    model("res2net50_26w_4s", 425, 23_709_612, 224),
];
