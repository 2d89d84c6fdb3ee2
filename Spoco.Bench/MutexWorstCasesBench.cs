using BenchmarkDotNet.Attributes;
using Spoco.Engine.Segmentation;
using Spoco.Kernels;

namespace Spoco.Bench;

/// <summary>Inputs on which rounds achieve little, or mutexes are many: the parallel version must end, not much later than the sequential rule.</summary>
public class MutexWorstCasesBench
{
    private const int Side = 448;
    private ComputeDevice _device = null!;
    private Func<int[]> _sequential = null!;
    private Func<int[]> _parallel = null!;

    [ParamsSource(typeof(BenchDevices), nameof(BenchDevices.Names))]
    public string Device { get; set; } = "";

    [Params("monotone path of 100000", "comb of 100000", "everything tied", "all repulsive", "random", "noisy 3D")]
    public string Problem { get; set; } = "";

    [GlobalSetup]
    public void Setup()
    {
        _device = ComputeDevice.Open(Device);
        switch (Problem)
        {
            case "monotone path of 100000":
                Use(Path(100_000));
                break;
            case "comb of 100000":
                Use(Comb(10_000, 9));
                break;
            case "everything tied":
                Use(1, Side, Side, new float[8 * Side * Side], new MutexWatershedOptions { AttractiveReference = AttractiveReference.Max });
                break;
            case "all repulsive":
                Use(1, Side, Side, Random(8 * Side * Side), new MutexWatershedOptions { AttractiveOffsets = 0 });
                break;
            case "random":
                Use(1, Side, Side, Random(8 * Side * Side), new MutexWatershedOptions());
                break;
            default:
                Use(40, 64, 64, Random(12 * 40 * 64 * 64), new MutexWatershedOptions());
                break;
        }
    }

    [Benchmark(Baseline = true)]
    public int[] Sequential() => _sequential();

    [Benchmark]
    public int[] Parallel() => _parallel();

    [GlobalCleanup]
    public void Cleanup() => _device.Dispose();

    private void Use(MutexGraph graph) =>
        (_sequential, _parallel) = (() => SequentialMutexWatershed.FromGraph(graph), () => MutexWatershed.FromGraph(graph, _device));

    private void Use(int depth, int height, int width, float[] weights, MutexWatershedOptions options)
    {
        _sequential = () => SequentialMutexWatershed.FromAffinities(weights, depth, height, width, options);
        _parallel = () => MutexWatershed.FromAffinities(weights, depth, height, width, options, device: _device);
    }

    private static float[] Random(int count)
    {
        var random = new Random(1);
        return [.. Enumerable.Range(0, count).Select(_ => random.NextSingle())];
    }

    // Priorities fall along the path; every fourth node excludes one a few steps on.
    private static MutexGraph Path(int nodes)
    {
        var starts = Enumerable.Range(0, nodes / 4 - 2).Select(i => 4 * i).ToArray();
        return new MutexGraph
        {
            Nodes = nodes,
            Attractive = Enumerable.Range(0, 2 * (nodes - 1)).Select(i => (i + 1) / 2).ToArray(),
            AttractivePriorities = Enumerable.Range(0, nodes - 1).Select(i => 1 - i / (float)nodes).ToArray(),
            Repulsive = starts.SelectMany(i => new[] { i, i + 2 + i % 5 }).ToArray(),
            RepulsivePriorities = Random(starts.Length),
        };
    }

    // A spine of falling priorities with a tooth at every node; neighbouring teeth exclude each other.
    private static MutexGraph Comb(int teeth, int length)
    {
        var attractive = Enumerable.Range(1, teeth - 1).SelectMany(t => new[] { t - 1, t })
            .Concat(Enumerable.Range(0, teeth * length).SelectMany(k => new[] { k % length == 0 ? k / length : teeth + k - 1, teeth + k })).ToArray();
        return new MutexGraph
        {
            Nodes = teeth * (length + 1),
            Attractive = attractive,
            AttractivePriorities = Enumerable.Range(1, teeth - 1).Select(t => 1 - t / (2f * teeth)).Concat(Random(teeth * length)).ToArray(),
            Repulsive = Enumerable.Range(1, teeth - 1).SelectMany(t => new[] { teeth + (t - 1) * length, teeth + t * length }).ToArray(),
            RepulsivePriorities = Random(teeth - 1),
        };
    }
}
