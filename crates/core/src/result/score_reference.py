"""The values in the tests of score_numbers.rs, by scikit-learn and NumPy: areas under precision-recall of a constant score, ties of argmax."""

import numpy as np
from sklearn.metrics import auc, precision_recall_curve, roc_auc_score

score = np.ones(8)  # 6 ID images, 2 OOD images
ood = np.array([0] * 6 + [1] * 2)
for name, positive, confidence in [("aupr_out", ood, -score), ("aupr_in", 1 - ood, score)]:
    precision, recall, _ = precision_recall_curve(positive, confidence)
    print(name, auc(recall, precision))
print("auroc", roc_auc_score(ood, -score))
print("argmax of equal logits", np.argmax([0.5, 0.5, 0.5]), "of NaN", np.argmax([0.0, np.nan, 1.0]))
