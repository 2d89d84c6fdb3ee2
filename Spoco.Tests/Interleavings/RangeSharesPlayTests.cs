using Spoco.Kernels;

namespace Spoco.Tests.Interleavings;

/// <summary>Pieces of a launch, taken by all workers at once.</summary>
public sealed unsafe class RangeSharesPlayTests
{
    [TestCase(1000)]
    [TestCase(10_000, Category = "Long")]
    public void Every_index_is_taken_once(int plays)
    {
        for (var seed = 0; seed < plays; seed++)
            Play(seed);
    }

    /// <summary>One play; returns the conflicts.</summary>
    internal static HashSet<Conflict> Play(int seed)
    {
        var random = new Random(seed);
        var (workers, count, piece) = (random.Next(1, 9), random.Next(1, 30), random.Next(1, 6));
        using var shares = new RangeShares(workers);
        shares.Fill(count, workers, piece);
        var hits = new int[count];
        var player = new Player(seed, host: true, recordConflicts: true);
        fixed (int* p = hits)
            player.Run(workers, workers, 0, new TakeAll(shares, p));
        Assert.That(hits, Has.All.EqualTo(1), $"seed {seed}");
        return player.Memory.Conflicts;
    }

    private readonly struct TakeAll(RangeShares shares, int* hits) : IParallelBody
    {
        public void Execute(int from, int until, int worker)
        {
            while (shares.Take(worker, out var first, out var end))
                for (var i = first; i < end; i++)
                    hits[i]++;
        }
    }
}
