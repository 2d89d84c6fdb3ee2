using Spoco.Engine;
using Spoco.Engine.Data;

namespace Spoco.Tests.Data;

public sealed class InstanceSelectionTests
{
    private static int[] Objects(int count) => [.. Enumerable.Range(1, count).Select(k => 5 * k)];

    [TestCase(40, 0, 0)]
    [TestCase(40, 0.01, 1)]
    [TestCase(40, 0.1, 4)]
    [TestCase(40, 0.5, 20)]
    [TestCase(40, 1, 40)]
    [TestCase(0, 0.5, 0)]
    public void Keeps_the_ratio_and_at_least_one(int objects, double ratio, int expected)
    {
        var kept = InstanceSelection.OfImage(Objects(objects), ratio, seed: 1, imageIndex: 2);
        Assert.That(kept, Has.Length.EqualTo(expected).And.Unique);
        Assert.That(kept, Is.SubsetOf(Objects(objects)));
    }

    [Test]
    public void The_choice_follows_seed_and_image()
    {
        var first = InstanceSelection.OfImage(Objects(40), 0.3, 1, 0);
        Assert.That(InstanceSelection.OfImage(Objects(40), 0.3, 1, 0), Is.EqualTo(first));
        Assert.That(InstanceSelection.OfImage(Objects(40), 0.3, 1, 1), Is.Not.EquivalentTo(first));
        Assert.That(InstanceSelection.OfImage(Objects(40), 0.3, 2, 0), Is.Not.EquivalentTo(first));
    }

    [TestCase(-0.1)]
    [TestCase(1.1)]
    [TestCase(double.NaN)]
    public void A_ratio_outside_0_to_1_is_refused(double ratio)
    {
        Assert.That(() => InstanceSelection.OfImage(Objects(3), ratio, 0, 0), Throws.TypeOf<InputException>());
        Assert.That(() => InstanceSelection.OfSet([Objects(3)], ratio, 0), Throws.TypeOf<InputException>());
    }

    [Test]
    public void Named_objects_are_kept_and_others_are_refused()
    {
        string[] images = ["a", "b:c", "d"];
        IReadOnlyList<int>[] objects = [Objects(3), Objects(2), Objects(1)];
        var kept = InstanceSelection.OfNames(images, objects, ["b:c:10", "a:15", "a:5", "a:15"]);
        Assert.That(kept, Is.EqualTo(new int[][] { [5, 15], [10], [] }));
        foreach (var (wrong, said) in new[] { ("a", "IMAGE:NUMBER"), ("a:x", "IMAGE:NUMBER"), ("a:-5", "IMAGE:NUMBER"), ("e:5", "no training image e"), ("d:10", "d has no object 10") })
            Assert.That(() => InstanceSelection.OfNames(images, objects, ["a:5", wrong]), Throws.TypeOf<InputException>().With.Message.Contains(said));
    }

    [TestCase(0.01, 1)]
    [TestCase(0.25, 25)]
    [TestCase(1, 100)]
    public void A_ratio_of_the_set_leaves_images_without_objects(double ratio, int expected)
    {
        var kept = InstanceSelection.OfSet([Objects(60), Objects(0), Objects(40)], ratio, seed: 4);
        Assert.That(kept.Sum(labels => labels.Length), Is.EqualTo(expected));
        Assert.That(kept[0], Is.SubsetOf(Objects(60)).And.Unique);
        Assert.That(kept[1], Is.Empty);
    }

    [Test]
    public void A_sparse_budget_is_spread_over_the_images()
    {
        var kept = InstanceSelection.OfBudget([Objects(9), Objects(1), Objects(9), Objects(9)], budget: 10, dense: false, exactly: false, seed: 3);
        var counts = kept.Select(labels => labels.Length).ToArray();
        Assert.That(counts, Has.All.InRange(1, 4));
        Assert.That(counts[1], Is.EqualTo(1));
        Assert.That(counts.Sum(), Is.EqualTo(10));
    }

    /// <summary>Appendix A.5: 16 files, each with one object; or one file with 16 objects.</summary>
    [Test]
    public void The_budget_of_the_appendix()
    {
        IReadOnlyList<int>[] set = [.. Enumerable.Range(0, 103).Select(i => Objects(10 + i % 12))];
        var sparse = InstanceSelection.OfBudget(set, 16, dense: false, exactly: false, seed: 1);
        Assert.That(sparse.Select(labels => labels.Length).Where(n => n > 0), Is.EqualTo(Enumerable.Repeat(1, 16)));
        var dense = InstanceSelection.OfBudget(set, 16, dense: true, exactly: true, seed: 1);
        var image = Array.FindIndex(dense, labels => labels.Length > 0);
        Assert.That(dense.Count(labels => labels.Length > 0), Is.EqualTo(1));
        Assert.That(dense[image], Is.EquivalentTo(set[image]).And.Length.EqualTo(16));
    }

    [Test]
    public void A_dense_budget_is_spent_in_one_image()
    {
        var kept = InstanceSelection.OfBudget([Objects(3), Objects(9), Objects(4)], budget: 8, dense: true, exactly: false, seed: 3);
        Assert.That(kept.Select(labels => labels.Length), Is.EqualTo(new[] { 0, 8, 0 }));
        Assert.That(() => InstanceSelection.OfBudget([Objects(3), Objects(9), Objects(4)], 8, dense: true, exactly: true, seed: 3),
            Throws.TypeOf<InputException>().With.Message.Contains("3, 4, 9"));
    }

    [TestCase(true)]
    [TestCase(false)]
    public void A_budget_beyond_the_training_set_is_refused(bool dense) =>
        Assert.That(() => InstanceSelection.OfBudget([Objects(3), Objects(2)], 6, dense, false, 0), Throws.TypeOf<InputException>());
}
