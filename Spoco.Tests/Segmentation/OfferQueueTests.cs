using Spoco.Engine.Segmentation;

namespace Spoco.Tests.Segmentation;

public sealed class OfferQueueTests
{
    /// <summary>Against a queue of all offers, of which those to segments that are gone are passed over.</summary>
    [Test]
    public void The_best_offer_comes_first_and_equal_ones_by_name([Range(0, 19)] int seed)
    {
        var random = new Random(seed);
        var count = 1 + random.Next(40);
        int[]? names = seed % 2 == 0 ? null : [.. Enumerable.Range(0, count + 1).OrderBy(_ => random.Next())];
        var queue = new OfferQueue(count, names);
        var all = new PriorityQueue<(int Segment, int By), (double, int, int)>();
        var gone = new HashSet<int>();
        for (var i = 0; i < 500; i++)
        {
            if (random.Next(4) > 0)
            {
                var (segment, by, cost) = (1 + random.Next(count), 1 + random.Next(count), random.Next(8) - 4.0);
                if (gone.Contains(segment))
                    continue;
                queue.Offer(segment, by, cost);
                all.Enqueue((segment, by), (cost, names?[segment] ?? segment, names?[by] ?? by));
                continue;
            }

            var expected = (Segment: 0, By: 0);
            while (all.TryDequeue(out var next, out _) && expected.Segment == 0)
            {
                if (gone.Add(next.Segment))
                    expected = next;
                if (expected.Segment != 0)
                    break;
            }

            Assert.That((queue.TryTake(out var taken, out var from, out _), taken, from), Is.EqualTo((expected.Segment != 0, expected.Segment, expected.By)));
        }
    }
}
