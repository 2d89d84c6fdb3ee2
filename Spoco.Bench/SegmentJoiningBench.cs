using BenchmarkDotNet.Attributes;
using Spoco.Engine;
using Spoco.Engine.Segmentation;

namespace Spoco.Bench;

/// <summary>What comes after the Mutex Watershed, on noisy cells: fragments joined, similar segments joined, cores grown. On one thread of the host.</summary>
public class SegmentJoiningBench
{
    private Volume<float> _embeddings = null!;
    private Volume<int> _segments = null!;
    private Volume<int> _cores = null!;
    private Volume<float> _probability = null!;

    [ParamsSource(nameof(Images))]
    public MutexWatershedBench.Image Shape { get; set; } = null!;

    public static IEnumerable<MutexWatershedBench.Image> Images =>
        [new("448x448", 1, 448, 448, 50), new("2048x2048", 1, 2048, 2048, 50), new("64x128x128", 64, 128, 128, 25)];

    [GlobalSetup]
    public void Setup()
    {
        _embeddings = NoisyCells.Draw(Shape.Depth, Shape.Height, Shape.Width, Shape.Pitch);
        _segments = MutexWatershed.FromEmbeddings(_embeddings);
        var random = new RandomSource(1);
        _probability = new Volume<float>(Shape.Depth, Shape.Height, Shape.Width);
        for (var i = 0; i < _probability.Data.Length; i++)
            _probability.Data[i] = (float)random.NextDouble(0.4, 1);
        _cores = new Volume<int>(
            [.. _segments.Data.Zip(_probability.Data, (segment, p) => p >= CoreGrowth.CoreThreshold(0.5) ? segment : 0)], Shape.Depth, Shape.Height, Shape.Width);
    }

    /// <summary><see cref="FragmentMerging"/> of segments below 100 voxels.</summary>
    [Benchmark]
    public Volume<int> Fragments() => FragmentMerging.Merge(_segments, 100, null, _embeddings);

    /// <summary><see cref="SimilarMerging"/>.</summary>
    [Benchmark]
    public Volume<int> Similar() => SimilarMerging.Merge(_segments, _embeddings, 1.5);

    /// <summary><see cref="CoreGrowth"/>.</summary>
    [Benchmark]
    public Volume<int> Growth() => CoreGrowth.Grow(_cores, _probability, 0.5);
}
