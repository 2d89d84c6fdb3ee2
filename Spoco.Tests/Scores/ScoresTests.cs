using NUnit.Framework;
using Spoco.Engine;
using Spoco.Engine.Scores;

namespace Spoco.Tests.Scores;

/// <summary>Scores by hand, edge cases, random labels against definitions counted voxel by voxel.</summary>
public sealed class ScoresTests
{
    private static readonly int[] Truth = [0, 1, 1, 1, 1, 0, 2, 2, 2, 2];
    private static readonly int[] Predicted = [0, 5, 5, 5, 0, 0, 7, 7, -3, -3];

    [Test]
    public void SmallExampleByHand()
    {
        var table = ContingencyTable.Of(Truth, Predicted);

        Assert.That(table.TruthLabels, Is.EqualTo([0, 1, 2]));
        Assert.That(table.PredictedLabels, Is.EqualTo([-3, 0, 5, 7]));
        Assert.That(table.TruthSizes, Is.EqualTo([2L, 4, 4]));
        Assert.That(table.Voxels, Is.EqualTo(10));
        // IoU: 1-5 is 3/4, 2-7 and 2-(-3) are 1/2 exactly, which is not above 0.5.
        Assert.That(AveragePrecision.At(table), Is.EqualTo(new Detection(0.5, 1, 2, 1)));
        Assert.That(AveragePrecision.At(table, 0.4), Is.EqualTo(new Detection(0.4, 2, 1, 0)), "one-to-one: 2 matches once");
        Assert.That(AveragePrecision.At(table, 0.4).F1, Is.EqualTo(4 / 5.0));
        Assert.That(SymmetricBestDice.Of(table), Is.EqualTo((6 / 7.0 + 2 / 3.0 + 2 / 3.0) / 3).Within(1e-15));
        Assert.That(DifferenceInCount.Of(table), Is.EqualTo(1));
        Assert.That(ForegroundDice.Of(table), Is.EqualTo(14 / 15.0).Within(1e-15));
        // Pairs, ordered, background ignored: both 6 + 2 + 2, truth 12 + 12, prediction 6 + 2 + 2 + 0.
        Assert.That(AdaptedRandError.Of(table).Recall, Is.EqualTo(10 / 24.0).Within(1e-15));
        Assert.That(AdaptedRandError.Of(table).Precision, Is.EqualTo(1));
    }

    [Test]
    public void EmptyImages()
    {
        var nothing = new int[6];
        var something = new[] { 0, 0, 1, 1, 2, 2 };

        var neither = ContingencyTable.Of(nothing, nothing);
        Assert.That(AveragePrecision.Mean(neither), Is.NaN);
        var nowhere = AveragePrecision.At(neither);
        Assert.That(new[] { nowhere.AveragePrecision, nowhere.Precision, nowhere.Recall, nowhere.F1 }, Is.All.NaN);
        Assert.That(SymmetricBestDice.Of(neither), Is.NaN);
        Assert.That(SymmetricBestDice.BestDice(neither), Is.NaN);
        Assert.That(ForegroundDice.Of(neither), Is.NaN);
        Assert.That(AdaptedRandError.Of(neither).Error, Is.NaN);
        Assert.That(VariationOfInformation.Of(neither).Sum, Is.Zero);
        Assert.That(VariationOfInformation.Of(neither, ignoreBackground: true).Sum, Is.NaN);
        Assert.That(DifferenceInCount.Of(neither), Is.Zero);

        var onlyPredicted = ContingencyTable.Of(nothing, something);
        Assert.That(AveragePrecision.At(onlyPredicted), Is.EqualTo(new Detection(0.5, 0, 2, 0)));
        Assert.That(AveragePrecision.Mean(onlyPredicted), Is.Zero, "false positives count on an empty ground truth");
        var onlyTruth = ContingencyTable.Of(something, nothing);
        Assert.That(AveragePrecision.At(onlyTruth), Is.EqualTo(new Detection(0.5, 0, 0, 2)));
        Assert.That(DifferenceInCount.Of(onlyTruth), Is.EqualTo(-2));
        foreach (var oneSided in new[] { onlyPredicted, onlyTruth })
        {
            var half = AveragePrecision.At(oneSided);
            Assert.That(new[] { half.AveragePrecision, half.Precision, half.Recall, half.F1 }, Is.All.Zero);
            Assert.That((SymmetricBestDice.Of(oneSided), ForegroundDice.Of(oneSided)), Is.EqualTo((0.0, 0.0)));
            Assert.That(AdaptedRandError.Of(oneSided).Error, Is.EqualTo(1));
        }

        var noVoxels = ContingencyTable.Of([], (ReadOnlySpan<int>)[]);
        Assert.That((noVoxels.Voxels, AveragePrecision.Mean(noVoxels)), Is.EqualTo((0L, double.NaN)));
    }

    [Test]
    public void Labels_that_floats_cannot_tell_apart_are_told_apart()
    {
        const int Large = 1 << 24;
        var truth = new[] { Large, Large, Large + 1, Large + 1, int.MaxValue, int.MaxValue - 1 };
        var table = ContingencyTable.Of(truth, truth);
        Assert.That(table.TruthObjects, Is.EqualTo(4));
        Assert.That(AveragePrecision.Mean(table), Is.EqualTo(1));
        var merged = ContingencyTable.Of(truth, [Large, Large, Large, Large, 0, 0]);
        Assert.That(AveragePrecision.At(merged), Is.EqualTo(new Detection(0.5, 0, 1, 4)));
    }

    [Test]
    public void Voxels_of_an_ignored_label_do_not_count()
    {
        int[] truth = [255, 255, 1, 1, 0, 0, 255, 2];
        int[] predicted = [4, 4, 4, 4, 0, 0, 5, 2];
        var table = ContingencyTable.Of(truth, predicted).WithoutTruth(255);
        Assert.That(table.Voxels, Is.EqualTo(5));
        Assert.That(table.PredictedLabels, Is.EqualTo([0, 2, 4]), "5 lies where nothing counts");
        Assert.That(AveragePrecision.Mean(table), Is.EqualTo(1), "4 has lost what made it too large");
        Assert.That(table.WithoutTruth(77), Is.SameAs(table));
    }

    [Test]
    public void PerfectPredictionIsPerfectUnderAnyNumbering()
    {
        for (var seed = 0; seed < 20; seed++)
        {
            var random = new Random(seed);
            var truth = Enumerable.Range(0, 500).Select(_ => random.Next(0, 8)).ToArray();
            var table = ContingencyTable.Of(truth, Array.ConvertAll(truth, l => l == 0 ? 0 : 1000 - 7 * l));
            Assert.That(AveragePrecision.Mean(table), Is.EqualTo(1), $"seed {seed}");
            Assert.That(SymmetricBestDice.Of(table), Is.EqualTo(1).Within(1e-15));
            Assert.That(AdaptedRandError.Of(table).Error, Is.Zero.Within(1e-15));
            Assert.That(VariationOfInformation.Of(table).Sum, Is.Zero);
        }
    }

    [Test]
    public void RandErrorCountsPairs()
    {
        for (var seed = 0; seed < 20; seed++)
        {
            var random = new Random(seed);
            var (truth, predicted) = (Labels(random, 60, 5), Labels(random, 60, 4));
            var (both, inTruth, inPredicted) = (0, 0, 0);
            for (var i = 0; i < 60; i++)
                for (var j = 0; j < i; j++)
                {
                    if (truth[i] == 0 || truth[j] == 0)
                        continue;
                    inTruth += truth[i] == truth[j] ? 1 : 0;
                    inPredicted += predicted[i] == predicted[j] ? 1 : 0;
                    both += truth[i] == truth[j] && predicted[i] == predicted[j] ? 1 : 0;
                }

            var score = AdaptedRandError.Of(truth, predicted);

            Assert.That(score.Precision, Is.EqualTo((double)both / inPredicted).Within(1e-12), $"seed {seed}");
            Assert.That(score.Recall, Is.EqualTo((double)both / inTruth).Within(1e-12), $"seed {seed}");
            Assert.That(score.Error, Is.EqualTo(1 - 2.0 * both / (inPredicted + inTruth)).Within(1e-12), $"seed {seed}");
        }
    }

    [Test]
    public void MatchingBelowOneHalfIsTheLargest()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            var (truth, predicted) = (Labels(random, 40, 6), Labels(random, 40, 6));
            var table = ContingencyTable.Of(truth, predicted);
            var threshold = random.Next(0, 4) / 20.0;
            Assert.That(AveragePrecision.At(table, threshold).TruePositives, Is.EqualTo(Best(1, 0)), $"seed {seed}, threshold {threshold}");

            // Tries every assignment of ground truth objects to unused predicted ones.
            int Best(int t, int used)
            {
                if (t == 6)
                    return 0;
                var best = Best(t + 1, used);
                for (var p = 1; p < 6; p++)
                {
                    var shared = truth.Zip(predicted).Count(v => v.First == t && v.Second == p);
                    var union = truth.Count(l => l == t) + predicted.Count(l => l == p) - shared;
                    if ((used & (1 << p)) == 0 && union > 0 && (double)shared / union > threshold)
                        best = Math.Max(best, 1 + Best(t + 1, used | (1 << p)));
                }
                return best;
            }
        }
    }

    [Test]
    public void LongAugmentingChainsDoNotExhaustTheStack()
    {
        // Bricks of 4 against bricks shifted by 2, numbered so that every new one pushes all earlier ones along.
        const int Bricks = 20000;
        var truth = Enumerable.Range(0, 4 * Bricks).Select(i => Bricks - i / 4).ToArray();
        var predicted = Enumerable.Range(0, 4 * Bricks).Select(i => Bricks + 1 - (i + 2) / 4).ToArray();
        Assert.That(AveragePrecision.At(ContingencyTable.Of(truth, predicted), 0.3).TruePositives, Is.EqualTo(Bricks));
    }

    [Test]
    public void WhatDoesNotFitIsRefused()
    {
        Assert.That(() => ContingencyTable.Of(new int[3], new int[4]),
            Throws.ArgumentException.With.Message.EqualTo("Scores: ground truth has 3 voxels, the prediction 4."));
        Assert.That(() => ContingencyTable.Of(new Volume<int>(1, 2, 3), new Volume<int>(1, 3, 2)),
            Throws.ArgumentException.With.Message.Contains("2x3").And.Message.Contains("3x2"));
        Assert.That(() => ContingencyTable.Of(new Volume<int>(1, 2, 3, 2), new Volume<int>(1, 2, 3, 2)), Throws.ArgumentException);
        foreach (var threshold in new[] { -0.1, 1.1, double.NaN })
            Assert.That(() => AveragePrecision.At(ContingencyTable.Of(Truth, Predicted), threshold), Throws.ArgumentException);
    }

    private static int[] Labels(Random random, int count, int labels) => [.. Enumerable.Range(0, count).Select(_ => random.Next(labels))];
}
