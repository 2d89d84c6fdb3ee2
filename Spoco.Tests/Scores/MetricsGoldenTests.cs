using NUnit.Framework;
using Spoco.Engine;
using Spoco.Engine.Scores;
using Spoco.Tests.Golden;

namespace Spoco.Tests.Scores;

/// <summary>Every metrics case of the golden set. Where our score is defined otherwise than the reference's, both numbers are asserted.</summary>
public sealed class MetricsGoldenTests
{
    private const double Exact = 1e-12;

    private static IEnumerable<string> Names => GoldenSet.Torch.Cases("metrics").Select(c => c.Group);

    [Test]
    public void EveryCaseIsCovered() => Assert.That(Names.Count(), Is.GreaterThanOrEqualTo(51));

    [TestCaseSource(nameof(Names))]
    public void AveragePrecisionPerThreshold(string name)
    {
        var (golden, table) = Load(name);
        var expected = golden.Float64("acc_per_threshold");
        var atHalf = golden.Float64("prec_rec_f1_50");
        // The reference drops the first row and column of its IoU table, the smallest label, even where no voxel is 0.
        var reference = ContingencyTable.Of(DropSmallest(golden.Int32("gt")), DropSmallest(golden.Int32("seg")));

        Assert.That(expected, Has.Length.EqualTo(AveragePrecision.Thresholds.Count));
        for (var k = 0; k < expected.Length; k++)
        {
            var theirs = AveragePrecision.At(reference, AveragePrecision.Thresholds[k]);
            var ours = AveragePrecision.At(table, AveragePrecision.Thresholds[k]);
            if (reference.TruthObjects + reference.PredictedObjects > 0)
                Assert.That(theirs.AveragePrecision, Is.EqualTo(expected[k]).Within(Exact), $"threshold {theirs.Threshold}");
            else
                Assert.That((expected[k], ours.AveragePrecision), Is.EqualTo((0.0, double.NaN)), "no object on either side: 0 there, undefined here");
            if (HasZero(golden, "gt") && HasZero(golden, "seg"))
                Assert.That(ours, Is.EqualTo(theirs));
            else
                Assert.That(
                    (ours.TruePositives + ours.FalseNegatives, ours.TruePositives + ours.FalsePositives),
                    Is.EqualTo((table.TruthObjects, table.PredictedObjects)),
                    "ours keeps the smallest object where no voxel is background");
        }
        var half = AveragePrecision.At(reference);
        if (reference.TruthObjects + reference.PredictedObjects > 0)
            Assert.That(new[] { half.Precision, half.Recall, half.F1 }, Is.EqualTo(atHalf).Within(Exact));
        else
        {
            Assert.That(atHalf, Is.All.Zero);
            Assert.That(new[] { half.Precision, half.Recall, half.F1 }, Is.All.NaN);
        }
    }

    [TestCaseSource(nameof(Names))]
    public void MeanAveragePrecision(string name)
    {
        var (golden, table) = Load(name);
        var reference = ContingencyTable.Of(DropSmallest(golden.Int32("gt")), DropSmallest(golden.Int32("seg")));

        if (table.TruthObjects + table.PredictedObjects == 0)
        {
            Assert.That(AveragePrecision.Mean(table), Is.NaN, "nothing to be found: undefined");
            return;
        }
        if (table.TruthObjects == 0)
        {
            // The reference scores 1 on an empty ground truth whatever was predicted; ours counts the false positives.
            Assert.That((golden.Float64("ap")[0], golden.Float64("ap50")[0]), Is.EqualTo((1.0, 1.0)));
            Assert.That((AveragePrecision.Mean(table), AveragePrecision.At(table).AveragePrecision), Is.EqualTo((0.0, 0.0)));
            Assert.That(AveragePrecision.At(table).FalsePositives, Is.EqualTo(table.PredictedObjects));
            return;
        }
        Assert.That(AveragePrecision.Mean(reference), Is.EqualTo(golden.Float64("ap")[0]).Within(Exact));
        Assert.That(AveragePrecision.At(reference).AveragePrecision, Is.EqualTo(golden.Float64("ap50")[0]).Within(Exact));
        if (HasZero(golden, "gt") && HasZero(golden, "seg"))
            Assert.That(AveragePrecision.Mean(table), Is.EqualTo(golden.Float64("ap")[0]).Within(Exact));
    }

    [TestCaseSource(nameof(Names))]
    public void BestDice(string name)
    {
        var (golden, table) = Load(name);
        var reversed = table.Transpose();

        var isEmpty = table.TruthObjects + table.PredictedObjects == 0;
        Assert.That(SymmetricBestDice.Of(table), isEmpty ? Is.NaN : Is.EqualTo(golden.Float64("sbd_plain")[0]).Within(Exact));
        AssertReference("bd_gt_seg_ref", SymmetricBestDice.BestDice(table, smooth: 1));
        AssertReference("bd_seg_gt_ref", SymmetricBestDice.BestDice(reversed, smooth: 1));
        AssertReference("sbd_ref", SymmetricBestDice.Of(table, smooth: 1));

        // The reference raises, or averages over nothing, where an image has no object; ours is 0 for one such image and undefined for two.
        void AssertReference(string array, double ours)
        {
            if (golden.Has(array) && !double.IsNaN(golden.Float64(array)[0]))
                Assert.That(ours, Is.EqualTo(golden.Float64(array)[0]).Within(Exact), array);
            else
                Assert.That((ours, table.TruthObjects * table.PredictedObjects), Is.EqualTo((isEmpty ? double.NaN : 0.0, 0)), array);
        }
    }

    [TestCaseSource(nameof(Names))]
    public void CountsAndForeground(string name)
    {
        var (golden, table) = Load(name);
        Assert.That(Math.Abs(DifferenceInCount.Of(table)), Is.EqualTo(golden.Float64("dic_abs")[0]));
        Assert.That(ForegroundDice.Of(table, smooth: 1), Is.EqualTo(golden.Float64("dice_fg")[0]).Within(Exact));
    }

    [TestCaseSource(nameof(Names))]
    public void RandErrorAndInformation(string name)
    {
        var (golden, table) = Load(name);
        foreach (var (array, ignore) in new[] { ("are", true), ("are_no_ignore", false) })
        {
            var (error, precision, recall) = AdaptedRandError.Of(table, ignore);
            if (ignore && table.TruthObjects + table.PredictedObjects > 0 && !table.ObjectOverlaps.Any())
            {
                Assert.That((error, precision, recall), Is.EqualTo((1.0, 0.0, 0.0)), "no object meets one of the other side: nothing is right");
                continue;
            }
            // scikit-image 0.19 names the share of ground truth pairs precision: its second number is our recall.
            Assert.That(new[] { error, recall, precision }, Is.EqualTo(golden.Float64(array)).Within(Exact), array);
        }
        foreach (var (array, ignore) in new[] { ("vi", false), ("vi_ignore0", true) })
        {
            var score = VariationOfInformation.Of(table, ignore);
            Assert.That(new[] { score.Split, score.Merge }, Is.EqualTo(golden.Float64(array)).Within(Exact), array);
        }
    }

    private static (GoldenCase Golden, ContingencyTable Table) Load(string name)
    {
        var golden = GoldenSet.Torch.Case("metrics", name);
        return (golden, ContingencyTable.Of(AsVolume("gt"), AsVolume("seg")));

        Volume<int> AsVolume(string array)
        {
            var shape = golden.Shape(array);
            return new Volume<int>(golden.Int32(array), shape.Length == 2 ? 1 : shape[0], shape[^2], shape[^1]);
        }
    }

    private static bool HasZero(GoldenCase golden, string array) => golden.Int32(array).Contains(0);

    private static int[] DropSmallest(int[] labels) => Array.ConvertAll(labels, l => l == labels.Min() ? 0 : l);
}
