using System.Text.Json;
using NUnit.Framework;
using Spoco.Cli.Evaluation;
using Spoco.Engine.Scores;
using Spoco.Tests.Golden;

namespace Spoco.Tests.Scores;

/// <summary>What <c>spoco evaluate</c> scores, against a second implementation and against numbers from scikit-image's formulas.</summary>
public sealed class ScoresReferenceTests
{
    private const double Exact = 1e-12;

    [Test]
    public void Random_labels_score_as_the_definitions_read()
    {
        var (undefined, oneSided) = (0, 0);
        for (var seed = 0; seed < 336; seed++)
        {
            var (truth, predicted) = LabelPairs.Draw(seed);
            int? ignored = seed % 3 == 0 ? LabelPairs.Ignored : null;
            var plain = new PlainScores(truth, predicted, ignored);
            var table = Table(truth, predicted, ignored);

            var scores = ImageScores.Of("a", table);

            var isEmpty = plain.TruthObjects + plain.PredictedObjects == 0;
            undefined += isEmpty ? 1 : 0;
            oneSided += !isEmpty && plain.TruthObjects * plain.PredictedObjects == 0 ? 1 : 0;
            Assert.That(scores.TruthObjects, Is.EqualTo(plain.TruthObjects), $"seed {seed}");
            Assert.That(scores.PredictedObjects, Is.EqualTo(plain.PredictedObjects), $"seed {seed}");
            Assert.That(scores.DifferenceInCount, Is.EqualTo(Math.Abs(plain.TruthObjects - plain.PredictedObjects)));
            foreach (var (threshold, ours, counts) in AveragePrecision.Thresholds.Zip(scores.AveragePrecision, scores.Detections))
            {
                AssertEqual(ours, plain.AveragePrecision(threshold), $"AP, seed {seed}, threshold {threshold}");
                Assert.That((counts.TruePositives, counts.FalsePositives, counts.FalseNegatives), Is.EqualTo(plain.Count(threshold)), $"seed {seed}");
            }

            AssertEqual(scores.SymmetricBestDice, plain.SymmetricBestDice(), $"SBD, seed {seed}");
            AssertEqual(ForegroundDice.Of(table), plain.ForegroundDice(), $"Dice, seed {seed}");
            AssertEqual(scores.AdaptedRandError, plain.AdaptedRandError(), $"ARE, seed {seed}");
            var (split, merge) = isEmpty ? (double.NaN, double.NaN) : plain.VariationOfInformation();
            AssertEqual(scores.SplitInformation, split, $"VI split, seed {seed}");
            AssertEqual(scores.MergeInformation, merge, $"VI merge, seed {seed}");
        }

        Assert.That((undefined > 3, oneSided > 30), Is.EqualTo((true, true)), $"{undefined} and {oneSided}: pairs of every kind are drawn");
    }

    /// <summary><c>Golden/evaluation/scores.py</c> says from which formulas the numbers come.</summary>
    [Test]
    public void Scores_are_those_of_the_formulas_of_scikit_image()
    {
        using var golden = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(
            Path.GetDirectoryName(typeof(GoldenSet).Assembly.Location)!, "Golden", "evaluation", "scores.json")));
        var cases = golden.RootElement.EnumerateArray().ToList();
        Assert.That(cases, Has.Count.EqualTo(60));
        foreach (var pair in cases)
        {
            int? ignored = pair.GetProperty("ignored") is { ValueKind: JsonValueKind.Number } label ? label.GetInt32() : null;
            var scores = ImageScores.Of("a", Table(Labels("truth"), Labels("predicted"), ignored));
            foreach (var (ours, theirs) in scores.AveragePrecision.Zip(pair.GetProperty("average_precision").EnumerateArray()))
                AssertEqual(ours, Number(theirs), $"AP, {pair}");
            AssertEqual(scores.SymmetricBestDice, Number(pair.GetProperty("symmetric_best_dice")), $"SBD, {pair}");
            AssertEqual(scores.AdaptedRandError, Number(pair.GetProperty("adapted_rand_error")), $"ARE, {pair}");
            AssertEqual(scores.SplitInformation, Number(pair.GetProperty("split_information")), $"VI split, {pair}");
            AssertEqual(scores.MergeInformation, Number(pair.GetProperty("merge_information")), $"VI merge, {pair}");

            int[] Labels(string name) => [.. pair.GetProperty(name).EnumerateArray().Select(l => l.GetInt32())];
        }

        static double Number(JsonElement value) => value.ValueKind == JsonValueKind.Null ? double.NaN : value.GetDouble();
    }

    [Test]
    public void Objects_of_all_images_together_count_alike()
    {
        var images = Enumerable.Range(0, 40).Select(LabelPairs.Draw).ToList();
        var pooled = PooledScores.Of([.. images.Select(pair => ImageScores.Of("a", Table(pair.Truth, pair.Predicted, null)))]);
        foreach (var (i, threshold) in AveragePrecision.Thresholds.Index())
        {
            var counts = images.Select(pair => new PlainScores(pair.Truth, pair.Predicted).Count(threshold)).ToList();
            double hits = counts.Sum(c => c.TruePositives), wrong = counts.Sum(c => c.FalsePositives), missed = counts.Sum(c => c.FalseNegatives);
            Assert.That(pooled.AveragePrecision[i], Is.EqualTo(hits / (hits + wrong + missed)).Within(Exact));
            Assert.That(pooled.Precision[i], Is.EqualTo(hits / (hits + wrong)).Within(Exact));
            Assert.That(pooled.Recall[i], Is.EqualTo(hits / (hits + missed)).Within(Exact));
            Assert.That(pooled.F1[i], Is.EqualTo(2 * hits / (2 * hits + wrong + missed)).Within(Exact));
        }
    }

    private static ContingencyTable Table(int[] truth, int[] predicted, int? ignored)
    {
        var table = ContingencyTable.Of(truth, predicted);
        return ignored is { } label ? table.WithoutTruth(label) : table;
    }

    private static void AssertEqual(double ours, double theirs, string message) =>
        Assert.That(ours, double.IsNaN(theirs) ? Is.NaN : Is.EqualTo(theirs).Within(Exact), message);
}
