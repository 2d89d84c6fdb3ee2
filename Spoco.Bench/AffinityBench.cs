using BenchmarkDotNet.Attributes;
using Spoco.Engine;
using Spoco.Engine.Segmentation;
using Spoco.Kernels;

namespace Spoco.Bench;

/// <summary>
/// From what a network says of eight views of an image, on the device, to their mean affinities there; the baseline fetches each view, turns it back and weighs it on
/// one thread of the host, as was done before.
/// </summary>
public class AffinityBench
{
    private const int Dimensions = 16;

    private static readonly IReadOnlyList<Orientation> Views = Orientation.First(8);

    private ComputeDevice _device = null!;
    private SpocoModel _model = null!;
    private VoxelOffset[] _offsets = [];
    private Tensor[] _views = [];

    [ParamsSource(typeof(BenchDevices), nameof(BenchDevices.Names))]
    public string Device { get; set; } = "";

    [ParamsSource(nameof(Images))]
    public Image Shape { get; set; } = null!;

    public static IEnumerable<Image> Images => [new("512x512, 8 views", 512, 512), new("509x515, 8 views", 509, 515)];

    [GlobalSetup]
    public void Setup()
    {
        _device = ComputeDevice.Open(Device);
        _model = new SpocoModel(_device, new SpocoModelOptions { EmbeddingDimensions = Dimensions }, trained: false);
        _offsets = [.. _model.Options.Segmentation.Watershed.Resolve(1).Offsets];
        var embeddings = NoisyCells.Draw(1, Shape.Height, Shape.Width, 50);
        _views = [.. Views.Select(v => v.Apply(embeddings)).Select(e => Tensor.From(_device, new TensorShape(1, 1, e.Height, e.Width, Dimensions), e.Data))];
    }

    [Benchmark(Baseline = true)]
    public float[] OnTheHost()
    {
        var sum = new float[_offsets.Length * Shape.Height * Shape.Width];
        for (var v = 0; v < Views.Count; v++)
        {
            var shape = _views[v].Shape;
            var embeddings = Views[v].Undo(new Volume<float>(_views[v].ToArray(), 1, shape.H, shape.W, Dimensions));
            var weights = Affinities.FromEmbeddings(embeddings, _offsets, 2);
            for (var i = 0; i < sum.Length; i++)
                sum[i] += weights[i] / Views.Count;
        }

        return sum;
    }

    [Benchmark]
    public void OnTheDevice()
    {
        var box = new VoxelBox(0, 0, 0, 1, Shape.Height, Shape.Width);
        using var mean = new MeanAffinities(_model, _offsets, box, Views.Count, channelsLast: false);
        for (var v = 0; v < Views.Count; v++)
            mean.Add(Views[v], box, _views[v].Buffer);
        _device.Synchronize();
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        foreach (var view in _views)
            view.Dispose();
        _model.Dispose();
        _device.Dispose();
    }

    /// <summary>Every embedding of a view is read once, every mean weight written once.</summary>
    public sealed record Image(string Name, int Height, int Width) : IWorkload
    {
        // Offsets of an image: 1, 3, 9 and 27 along both axes.
        private const int Offsets = 8;

        public Work Of(string benchmark) => new(3.0 * Views.Count * Offsets * Dimensions * Height * Width, sizeof(float) * (double)Height * Width * (Views.Count * Dimensions + Offsets));

        public override string ToString() => Name;
    }
}
