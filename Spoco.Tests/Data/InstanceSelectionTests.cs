using Spoco.Cli.Data;
using Spoco.Engine;

namespace Spoco.Tests.Data;

public sealed class InstanceSelectionTests
{
    /// <summary>Objects 5, 10, ... of two voxels each, and some background.</summary>
    private static Volume<int> Labels(int objects) =>
        new([0, .. Enumerable.Range(1, objects).SelectMany(k => new[] { 5 * k, 5 * k })], 1, 1, 2 * objects + 1);

    [TestCase(40, 0, 0)]
    [TestCase(40, 0.01, 1)]
    [TestCase(40, 0.1, 4)]
    [TestCase(40, 0.5, 20)]
    [TestCase(40, 1, 40)]
    [TestCase(0, 0.5, 0)]
    public void Keeps_the_ratio_and_at_least_one(int objects, double ratio, int expected)
    {
        var labels = Labels(objects);
        var kept = InstanceSelection.Select(labels, ratio, seed: 1, imageIndex: 2);
        Assert.That(InstanceSelection.Objects(kept), Has.Length.EqualTo(expected));
        for (var i = 0; i < labels.Data.Length; i++)
            Assert.That(kept.Data[i], Is.Zero.Or.EqualTo(labels.Data[i]));
        Assert.That(kept.Data.Count(label => label != 0), Is.EqualTo(2 * expected), "objects are kept whole");
    }

    [Test]
    public void The_choice_follows_seed_and_image()
    {
        var labels = Labels(40);
        var first = InstanceSelection.Select(labels, 0.3, 1, 0).Data;
        Assert.That(InstanceSelection.Select(labels, 0.3, 1, 0).Data, Is.EqualTo(first));
        Assert.That(InstanceSelection.Select(labels, 0.3, 1, 1).Data, Is.Not.EqualTo(first));
        Assert.That(InstanceSelection.Select(labels, 0.3, 2, 0).Data, Is.Not.EqualTo(first));
    }

    [TestCase(-0.1)]
    [TestCase(1.1)]
    [TestCase(double.NaN)]
    public void A_ratio_outside_0_to_1_is_refused(double ratio) =>
        Assert.That(() => InstanceSelection.Select(Labels(3), ratio, 0, 0), Throws.TypeOf<InputException>());

    [Test]
    public void A_sparse_budget_is_spread_over_the_images()
    {
        var kept = InstanceSelection.SelectBudget([Labels(9), Labels(1), Labels(9), Labels(9)], budget: 10, dense: false, seed: 3);
        var counts = kept.Select(volume => InstanceSelection.Objects(volume).Length).ToArray();
        Assert.That(counts, Has.All.InRange(1, 4));
        Assert.That(counts[1], Is.EqualTo(1));
        Assert.That(counts.Sum(), Is.EqualTo(10));
    }

    [Test]
    public void A_dense_budget_is_spent_in_one_image()
    {
        var kept = InstanceSelection.SelectBudget([Labels(3), Labels(9), Labels(4)], budget: 8, dense: true, seed: 3);
        Assert.That(kept.Select(volume => InstanceSelection.Objects(volume).Length), Is.EqualTo(new[] { 0, 8, 0 }));
    }

    [TestCase(true)]
    [TestCase(false)]
    public void A_budget_beyond_the_training_set_is_refused(bool dense) =>
        Assert.That(() => InstanceSelection.SelectBudget([Labels(3), Labels(2)], 6, dense, 0), Throws.TypeOf<InputException>());
}
