using Spoco.Engine.Suggestions;

namespace Spoco.Tests.Suggestions;

/// <summary>Which regions are suggested, and in which order.</summary>
public sealed class SuggestionChoiceTests
{
    [Test]
    public void The_score_is_the_mean_rank_of_all_measures()
    {
        RegionMeasures[] measures = [new(0.1, 0.9, 0), new(0.2, 0.1, 0), new(0.3, 0.5, 0), new(0.3, 0.2, 0.1)];
        double[] expected = [(0.5 + 3.5 + 1.5) / 12, (1.5 + 0.5 + 1.5) / 12, (3 + 2.5 + 1.5) / 12, (3 + 1.5 + 3.5) / 12];
        Assert.That(SuggestionChoice.Scores(measures), Is.EqualTo(expected).Within(1e-12));
        var without = measures.Select(m => m with { UnclearForeground = null }).ToArray();
        Assert.That(SuggestionChoice.Scores(without)[0], Is.EqualTo((0.5 + 1.5) / 8).Within(1e-12), "a measure that there is not does not count");
    }

    [Test]
    public void Among_regions_that_are_alike_the_most_doubtful_comes_first()
    {
        var regions = Enumerable.Range(0, 6).Select(i => Region(image: i, doubt: i switch { 2 => 0.9, 4 => 0.8, _ => 0.1 })).ToList();
        Assert.That(Order(regions), Is.EqualTo(new[] { 2, 4, 0, 1, 3, 5 }), "of equals the first");
        Assert.That(SuggestionChoice.InOrder(regions).First().Score, Is.EqualTo(5.5 / 6).Within(1e-12));
    }

    [Test]
    public void No_spot_comes_twice_while_there_are_others()
    {
        // Ten doubtful regions touch each other; three of less doubt lie far away.
        var regions = Enumerable.Range(0, 13).Select(i => Region(image: 0, doubt: i < 10 ? 0.9 : 0.5, y: i < 10 ? 100 + i : 400 * (i - 9), x: 100)).ToList();
        Assert.That(Order(regions).Take(4).Count(i => i < 10), Is.EqualTo(1));
    }

    [Test]
    public void Images_take_turns()
    {
        var regions = Enumerable.Range(0, 20).Select(i => Region(image: i / 10, doubt: i < 10 ? 0.9 : 0.5, y: 100 * (i % 10))).ToList();
        Assert.That(Order(regions).Take(8).Count(i => i >= 10), Is.InRange(2, 4));
    }

    [Test]
    public void What_looks_different_comes_before_more_of_the_same()
    {
        // Images of their own: nothing but the looks tells them apart.
        double[] common = [4, 1, 0.2, 0], rare = [6, 3, 0.5, 0];
        var regions = Enumerable.Range(0, 12).Select(i => Region(image: i, doubt: i switch { 0 => 0.9, 1 => 0.8, 2 => 0.7, 11 => 0.6, _ => 0.1 }) with { Looks = i == 11 ? rare : common }).ToList();
        Assert.That(Order(regions).Take(3), Is.EqualTo(new[] { 0, 11, 1 }));
    }

    [Test]
    public void What_is_labelled_is_not_suggested_and_keeps_its_like_away()
    {
        var regions = Enumerable.Range(0, 6).Select(i => Region(image: i / 2, doubt: i == 1 ? 0.9 : 0.6 - 0.1 * i, y: 10 * (i % 2))).ToList();
        Assert.That(Order(regions)[0], Is.EqualTo(1));
        regions[0] = regions[0] with { IsLabelled = true };
        var order = Order(regions);
        Assert.That(order, Is.EquivalentTo(new[] { 1, 2, 3, 4, 5 }));
        Assert.That(order[0], Is.EqualTo(2), "beside the labelled one in its image");
        Assert.That(SuggestionChoice.InOrder([.. regions.Select(r => r with { IsLabelled = true })]), Is.Empty);
        Assert.That(SuggestionChoice.InOrder([]), Is.Empty);
    }

    [Test]
    public void The_order_is_computed_as_far_as_it_is_asked_for_and_always_the_same()
    {
        var random = new Random(4);
        var regions = Enumerable.Range(0, 200).Select(i => Region(i % 7, random.NextDouble(), random.Next(500), random.Next(500)) with { IsLabelled = i % 9 == 0 }).ToList();
        var all = Order(regions);
        Assert.That(all, Has.Length.EqualTo(177).And.Unique);
        Assert.That(SuggestionChoice.InOrder(regions).Take(20).Select(s => regions.IndexOf(s.Region)), Is.EqualTo(all[..20]));
    }

    private static int[] Order(List<CandidateRegion> regions) => [.. SuggestionChoice.InOrder(regions).Select(s => regions.FindIndex(r => ReferenceEquals(r, s.Region)))];

    private static CandidateRegion Region(int image, double doubt, int y = 0, int x = 0) =>
        new(image, true, false, 300, 0, y, x, 10, new RegionMeasures(doubt, doubt, doubt), [4, 1, 0.2, 0], []);
}
