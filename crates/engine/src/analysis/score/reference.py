"""The scores of the registry from the papers' formulas, one image at a time, in NumPy alone.

Reads an .npz with train [N, D], train_labels [N], features [n, D], weight [C, D], bias [C]; writes an .npz with the scores [n] of `features`.
Sources: the papers that the files beside this one cite; Jingkang50/OpenOOD for constants.
"""
import sys

import numpy as np

data = np.load(sys.argv[1])
train, labels, features = (data[name].astype(np.float64) for name in ("train", "train_labels", "features"))
weight, bias = data["weight"].astype(np.float64), data["bias"].astype(np.float64)
k, dim, percent, scale_percent = 7, 5, 60, 45
logits = lambda h: weight @ h + bias
logsumexp = lambda z: z.max() + np.log(np.exp(z - z.max()).sum())
softmax = lambda z: np.exp(z - logsumexp(z))
energy = lambda h: logsumexp(logits(h))
unit = lambda h: h / max(np.linalg.norm(h), 1e-12)
classes = np.unique(labels)
means = {c: train[labels == c].mean(0) for c in classes}


def precision(centered):
    values, vectors = np.linalg.eigh(np.cov(centered, rowvar=False, bias=True))
    kept = values > values.max() * len(values) * np.finfo(np.float32).eps
    return (vectors[:, kept] / values[kept]) @ vectors[:, kept].T


tied = precision(np.stack([h - means[c] for h, c in zip(train, labels)]))
whole = precision(train - train.mean(0))
distance = lambda h, mean, of: (h - mean) @ of @ (h - mean)
origin = -np.linalg.pinv(weight) @ bias
order = np.linalg.eigh((train - origin).T @ (train - origin))[1][:, ::-1]
virtual = lambda h: np.linalg.norm(order[:, dim:].T @ (h - origin))
alpha = np.mean([logits(h).max() for h in train]) / np.mean([virtual(h) for h in train])
clip = np.percentile(train, percent)
contribution = train.mean(0)[None, :] * weight
sparse = weight * (contribution > np.percentile(contribution, percent))
p_train = np.stack([softmax(logits(h)) for h in train])
templates = [p_train[p_train.argmax(1) == c].mean(0) for c in np.unique(p_train.argmax(1))]


def largest(h, percent):
    kept = len(h) - int(np.round(len(h) * percent / 100))
    return np.argsort(-h)[:kept]


def ash(h, variant):
    places, shaped = largest(h, percent), np.zeros_like(h)
    shaped[places] = h.sum() / len(places) if variant == "b" else h[places]
    return energy(shaped * np.exp(h.sum() / shaped.sum()) if variant == "s" else shaped)


def gen(z, gamma=0.1, m=2):
    p = np.sort(softmax(z))[-m:]
    return -(p**gamma * (1 - p) ** gamma).sum()


def grad_norm(h):
    p = softmax(logits(h))
    gradient = sum(np.outer(p - np.eye(len(p))[c], h) for c in range(len(p)))
    return np.abs(gradient).sum()


scores = {
    "msp": lambda h: softmax(logits(h)).max(),
    "max_logit": lambda h: logits(h).max(),
    "energy": energy,
    "gen": lambda h: gen(logits(h)),
    "react": lambda h: energy(np.minimum(h, clip)),
    "ash_s": lambda h: ash(h, "s"),
    "ash_b": lambda h: ash(h, "b"),
    "ash_p": lambda h: ash(h, "p"),
    "scale": lambda h: energy(h * np.exp(h.sum() / h[largest(h, scale_percent)].sum())),
    "dice": lambda h: logsumexp(sparse @ h + bias),
    "knn": lambda h: -np.sort([((unit(h) - unit(g)) ** 2).sum() for g in train])[k - 1],
    "mds": lambda h: max(-distance(h, means[c], tied) for c in classes),
    "rmds": lambda h: max(-distance(h, means[c], tied) + distance(h, train.mean(0), whole) for c in classes),
    "vim": lambda h: energy(h) - alpha * virtual(h),
    "klm": lambda h: -min((softmax(logits(h)) * np.log(softmax(logits(h)) / q)).sum() for q in templates),
    "grad_norm": grad_norm,
}
np.savez(sys.argv[2], **{name: np.array([score(h) for h in features]) for name, score in scores.items()})
