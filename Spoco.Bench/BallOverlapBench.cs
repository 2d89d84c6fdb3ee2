using BenchmarkDotNet.Attributes;
using Spoco.Engine;
using Spoco.Engine.Clustering;
using Spoco.Engine.Segmentation;
using Spoco.Kernels;
using Spoco.Kernels.Primitives;

namespace Spoco.Bench;

/// <summary>
/// The balls of the consistency clustering: 100 around pixels of each of about a hundred objects, in the embeddings of g of one image. Of cells, where most pixels are far from most objects, and of noise, where no
/// box of pixels is.
/// </summary>
public class BallOverlapBench
{
    private const int Anchors = 100;
    private const double Pitch = 45;
    private const float Radius = 0.5f;

    private readonly Holdings _holdings = new();
    private ComputeDevice _device = null!;
    private BallOverlapShape _shape;
    private DeviceBuffer<float> _embeddings;
    private DeviceBuffer<int> _labels;
    private int[] _anchors = [], _within = [], _ofObject = [];

    [ParamsSource(typeof(BenchDevices), nameof(BenchDevices.Names))]
    public string Device { get; set; } = "";

    [ParamsSource(nameof(Images))]
    public Image Shape { get; set; } = null!;

    public static IEnumerable<Image> Images => [new("448x448 cells", 448, 16, false), new("448x448 noise", 448, 16, true)];

    [GlobalSetup]
    public void Setup()
    {
        _device = ComputeDevice.Open(Device);
        var cells = NoisyCells.Draw(1, Shape.Side, Shape.Side, Pitch, Shape.Dimensions);
        var objects = SizeFloor.Remove(MutexWatershed.FromEmbeddings(cells), 200);
        objects = Relabel.Compact(objects).Labels;
        _anchors = ConsistencyClustering.Anchors(objects, Anchors, seed: 1);
        _shape = new BallOverlapShape(objects.VoxelCount, Shape.Dimensions, 1, _anchors.Length / Anchors, Anchors);
        var random = new Random(2);
        var values = Shape.IsNoise ? [.. Enumerable.Range(0, cells.Data.Length).Select(_ => random.NextSingle())] : cells.Data;
        _embeddings = _holdings.Upload<float>(_device, values, nameof(BallOverlapBench));
        _labels = _holdings.Upload<int>(_device, objects.Data, nameof(BallOverlapBench));
        (_within, _ofObject) = (new int[_anchors.Length], new int[_anchors.Length]);
    }

    [Benchmark]
    public void Count() => BallOverlap.Count(_shape, _embeddings, _labels, _anchors, Radius, _within, _ofObject);

    [GlobalCleanup]
    public void Cleanup()
    {
        _holdings.Dispose();
        _device.Dispose();
    }

    /// <summary>Every pixel is compared with every anchor, were nothing known of them; the embeddings are read once.</summary>
    public sealed record Image(string Name, int Side, int Dimensions, bool IsNoise) : IWorkload
    {
        public Work Of(string benchmark) => new(3.0 * Anchors * (Side / Pitch) * (Side / Pitch) * Dimensions * Side * Side, sizeof(float) * (double)Side * Side * (Dimensions + 1));

        public override string ToString() => Name;
    }
}
