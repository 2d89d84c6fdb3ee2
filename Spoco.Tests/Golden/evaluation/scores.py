"""Writes scores.json: random label pairs and their scores, from the formulas that scikit-image documents, with Python's own numbers alone.

adapted_rand_error (skimage.metrics, ignore_labels=(0,), alpha = 0.5), over the contingency table p of the voxels that are not 0 in the truth:
    sum_p_ij2 = sum p_ij^2 - sum p_ij;  sum_a2 = sum a_i^2 - sum a_i;  sum_b2 = sum b_j^2 - sum b_j
    error = 1 - sum_p_ij2 / (alpha sum_a2 + (1 - alpha) sum_b2)
variation_of_information (skimage.metrics), over p of all voxels, normalised to sum 1, log2:
    split = H(predicted | truth) = -sum_ij p_ij log(p_ij / p_i);  merge = H(truth | predicted) = -sum_ij p_ij log(p_ij / p_j)
average precision, as the Data Science Bowl 2018 and matching() of StarDist count it: TP / (TP + FP + FN), a pair is TP where IoU > threshold.
symmetric best Dice, as the CVPPP challenge: the smaller of the two means of every object's best Dice.

Where neither side has an object all scores are null; where no true object meets a predicted one, the Rand error is 1 (the formula gives 0/0, or
counts what was predicted as background as a segment). Sums are exact (fractions) up to the logarithms.
"""
import json
import math
import random
from collections import Counter
from fractions import Fraction

HEIGHT, WIDTH, IGNORED = 8, 11, 250


def contingency(truth, predicted, skip=None):
    return Counter((t, p) for t, p in zip(truth, predicted) if t != skip)


def margins(table):
    a, b = Counter(), Counter()
    for (t, p), n in table.items():
        a[t] += n
        b[p] += n
    return a, b


def adapted_rand_error(truth, predicted):
    table = contingency(truth, predicted, skip=0)
    a, b = margins(table)
    together, in_truth, in_predicted = (sum(n * n for n in c.values()) - sum(c.values()) for c in (table, a, b))
    return None if in_truth + in_predicted == 0 else float(1 - Fraction(2 * together, in_truth + in_predicted))


def variation_of_information(truth, predicted):
    table = contingency(truth, predicted)
    a, b = margins(table)
    n = len(truth)
    return (math.fsum(-c / n * math.log2(c / a[t]) for (t, p), c in table.items()) + 0.0,
            math.fsum(-c / n * math.log2(c / b[p]) for (t, p), c in table.items()) + 0.0)


def overlaps(truth, predicted):
    table = contingency(truth, predicted)
    a, b = margins(table)
    return {pair: c for pair, c in table.items() if 0 not in pair}, {k: v for k, v in a.items() if k}, {k: v for k, v in b.items() if k}


def average_precision(truth, predicted, threshold):
    table, a, b = overlaps(truth, predicted)
    hits = sum(Fraction(c, a[t] + b[p] - c) > threshold for (t, p), c in table.items())
    return float(Fraction(hits, len(a) + len(b) - hits))


def symmetric_best_dice(truth, predicted):
    table, a, b = overlaps(truth, predicted)
    if not a or not b:
        return 0.0
    dice = {(t, p): Fraction(2 * c, a[t] + b[p]) for (t, p), c in table.items()}
    forth = sum(max([d for (t, _), d in dice.items() if t == o], default=0) for o in a) / Fraction(len(a))
    back = sum(max([d for (_, p), d in dice.items() if p == o], default=0) for o in b) / Fraction(len(b))
    return float(min(forth, back))


def scores(truth, predicted, ignored):
    kept = [(t, p) for t, p in zip(truth, predicted) if t != ignored]
    truth, predicted = [t for t, _ in kept], [p for _, p in kept]
    thresholds = [Fraction(50 + 5 * k, 100) for k in range(10)]
    if not any(truth) and not any(predicted):
        return dict(average_precision=[None] * 10, symmetric_best_dice=None, adapted_rand_error=None, split_information=None, merge_information=None)
    split, merge = variation_of_information(truth, predicted)
    return dict(
        average_precision=[average_precision(truth, predicted, t) for t in thresholds], symmetric_best_dice=symmetric_best_dice(truth, predicted),
        adapted_rand_error=adapted_rand_error(truth, predicted) if any(t and p for t, p in zip(truth, predicted)) else 1.0, split_information=split, merge_information=merge)


def discs(draw, count, largest):
    labels = [0] * (HEIGHT * WIDTH)
    for label in range(1, count + 1):
        y, x, r = draw.randrange(HEIGHT), draw.randrange(WIDTH), draw.uniform(0.4, largest)
        for i in range(len(labels)):
            if (i // WIDTH - y) ** 2 + (i % WIDTH - x) ** 2 <= r * r:
                labels[i] = label
    return labels


def pair(seed):
    draw = random.Random(seed)
    truth = discs(draw, [0, 1, 5, 9, 14][seed % 5], 0.5 if seed % 5 == 4 else 2.6)
    kind = seed // 5 % 6
    predicted = [
        [0] * len(truth), list(truth), [0 if t == 0 else 2 * t + i % 2 for i, t in enumerate(truth)], [(t + 1) // 2 for t in truth],
        [truth[i - 1] if i % WIDTH else 0 for i in range(len(truth))], discs(draw, 6, 3.0)][kind]
    if seed % 2:
        truth = [IGNORED if draw.random() < 0.15 else t for t in truth]
    return truth, predicted, IGNORED if seed % 2 else None


cases = []
for seed in range(60):
    truth, predicted, ignored = pair(seed)
    cases.append(dict(truth=truth, predicted=predicted, ignored=ignored, **scores(truth, predicted, ignored)))
with open("scores.json", "w", newline="\n") as file:
    file.write("[\n" + ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases) + "\n]\n")
