use super::*;

#[test]
fn tables_hold_every_number() {
    let tables = [score_table(0)];
    let csv = table::scores(&panels(&tables)).csv();
    let near = tables[0].scores["energy"]["CIFAR-100"].unwrap();
    assert_eq!(csv.lines().count(), 5);
    assert!(csv.contains(&format!("pretrained,energy,CIFAR-100,near,1000,{},{}", near.auroc, near.fpr95)));
    assert!(csv.contains("pretrained,energy,CIFAR-10 test,id,1000,,,,,,0.9506"));
    let error = tables[0].std_error("energy", "CIFAR-100");
    assert!(csv.contains(&format!(",{},{},,,0\n", error.auroc.unwrap(), error.fpr95.unwrap())), "{csv}");
    let markdown = table::scores_markdown(&panels(&tables));
    assert!(
        markdown.contains("| checkpoint | AUROC gaussian noise 3 ↑ |")
            && markdown.contains(&number::percent_with_error(Some(near.auroc), error.auroc))
    );

    let mut surfaces = [bowl(0, 3)];
    surfaces[0].count[8] = 0;
    let csv = table::landscape(&panels(&surfaces)).csv();
    assert_eq!(csv.lines().count(), 10);
    assert!(csv.contains(&format!("pretrained,CIFAR-10 test,-1,-1,{},", surfaces[0].loss[0])));
    assert!(csv.ends_with("pretrained,CIFAR-10 test,1,1,,,,0\n"));
    assert_eq!(table::sharpness(&panels(&[curve(0)])).csv().lines().nth(1).unwrap().split(',').next_back(), Some("lower"));
    assert_eq!(table::embedding(&panels(&[embedding(0)])).csv().lines().count(), 1201);
    let histograms = ScoreHistograms::new(&[&tables[0]], "energy", 10).unwrap();
    assert_eq!(table::histograms(&["a, \"b\""], &histograms).csv().lines().count(), 41);
    assert!(table::histograms(&["a, \"b\""], &histograms).csv().contains("\n\"a, \"\"b\"\"\",id,"));
}
