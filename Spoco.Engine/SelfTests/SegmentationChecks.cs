using Spoco.Engine.Segmentation;
using Spoco.Kernels;
using Spoco.Kernels.Primitives;

namespace Spoco.Engine.SelfTests;

/// <summary>
/// The Mutex Watershed on random graphs, images and volumes, and on worst cases, against its definition, one edge after another: the same labels. All rounds run
/// on the device; what a segmentation leaves to the host, because it is faster, is not left to it here.
/// </summary>
internal static class SegmentationChecks
{
    private const string Operation = nameof(MutexWatershed);

    public static IEnumerable<SelfCheck> All() =>
    [
        Graphs(0, 12, 30), Grids(0, 8, 6), Embedded(1, 9, 8, 1), Embedded(3, 5, 6, 1),
        Graphs(100, 100, 400) with { IsLarge = true }, Graphs(200, 100, 400) with { IsLarge = true }, Grids(100, 60, 40) with { IsLarge = true },
        Grids(200, 60, 40) with { IsLarge = true }, Chain(zigzag: false), Chain(zigzag: true), Comb(),
        Embedded(1, 448, 448, 5) with { IsLarge = true }, Embedded(24, 96, 96, 3) with { IsLarge = true },
    ];

    private static SelfCheck Graphs(int first, int count, int nodes) => new(Operation, $"random graphs {first} to {first + count - 1}, up to {nodes} nodes", 0,
        device => OfSeeds(first, count, seed => MutexWatershed.Segment(MutexProblems.Graph(seed, nodes), Run(device, seed), default)))
    {
        Definition = () => OfSeeds(first, count, seed => SequentialMutexWatershed.FromGraph(MutexProblems.Graph(seed, nodes))),
    };

    private static SelfCheck Grids(int first, int count, int extent) => new(Operation, $"random grids {first} to {first + count - 1}, up to 6x{extent}x{extent}", 0,
        device => OfSeeds(first, count, seed => MutexProblems.Grid(seed, extent) is var p
            ? MutexWatershed.Segment(p.Weights, (p.Depth, p.Height, p.Width), p.Options, false, p.Mask, p.Seeds, Run(device, seed), default) : []))
    {
        Definition = () => OfSeeds(first, count, seed => MutexProblems.Grid(seed, extent) is var p
            ? SequentialMutexWatershed.FromAffinities(p.Weights, p.Depth, p.Height, p.Width, p.Options, p.Mask, p.Seeds) : []),
    };

    private static SelfCheck Chain(bool zigzag) => OfGraph($"a chain of 20000 nodes{(zigzag ? " that turns" : "")}", () => MutexProblems.Path(20_000, zigzag));

    private static SelfCheck Comb() => OfGraph("a comb of 2000 teeth", () => MutexProblems.Comb(2_000));

    private static SelfCheck OfGraph(string name, Func<MutexGraph> graph) => new(Operation, name, 0,
        device => [Labels(MutexWatershed.Segment(graph(), Run(device, 0), default))])
    {
        IsLarge = true,
        Definition = () => [Labels(SequentialMutexWatershed.FromGraph(graph()))],
    };

    /// <summary>
    /// Embeddings of noisy cells, several times: a race shows now and then. A device may round roots and quotients otherwise than the host: the four components are
    /// equal and multiples of 1/8, so that distances are multiples of 1/4, and edges have the same priority or clearly different ones.
    /// </summary>
    private static SelfCheck Embedded(int depth, int height, int width, int times)
    {
        return new SelfCheck(Operation, $"{Times()}embeddings {depth}x{height}x{width}", 0, device =>
        {
            var cells = Cells();
            return [.. Enumerable.Range(0, times).Select(i => Labels(MutexWatershed.Segment(cells, null, null, null, Run(device, 2 * i), default).Data))];
        })
        {
            Definition = () =>
            {
                var labels = Labels(SequentialMutexWatershed.FromEmbeddings(Cells()).Data);
                return [.. Enumerable.Repeat(labels, times)];
            },
        };

        string Times() => times == 1 ? "" : $"{times} times ";

        Volume<float> Cells()
        {
            const int pitch = 12, dimensions = 4;
            var cells = new Volume<float>(depth, height, width, dimensions);
            for (var i = 0; i < cells.VoxelCount; i++)
            {
                var cell = (i / (height * width) / pitch * 1009L + i / width % height / pitch) * 1009 + i % width / pitch;
                var (centre, noise) = (RandomSource.ForIndex(1, cell, 0), RandomSource.ForIndex(2, i, 0));
                cells.Data.AsSpan(i * dimensions, dimensions).Fill((centre.NextInt(33) - 16 + noise.NextInt(4)) / 8f);
            }

            return cells;
        }
    }

    private static CheckedArray[] OfSeeds(int first, int count, Func<int, int[]> segment) =>
        [.. Enumerable.Range(first, count).Select(seed => Labels(segment(seed), $"labels of seed {seed}"))];

    private static CheckedArray Labels(int[] labels, string name = "labels") => new(name, Array.ConvertAll(labels, l => (float)l));

    private static MutexRun Run(ComputeDevice device, int seed) => new(device) { FinishBelow = seed % 4 < 3 ? 0 : null, AlwaysNarrow = seed % 3 == 1 };
}
