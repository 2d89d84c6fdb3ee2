using BenchmarkDotNet.Attributes;
using Spoco.Engine;
using Spoco.Engine.Losses;
using Spoco.Kernels;

namespace Spoco.Bench;

/// <summary>
/// L_SSO with its gradient, and its value alone: 8 objects per image, 20 anchors, embeddings that are not yet separated. Labels come from the host, as in a
/// training: sorting and uploading them is part of every evaluation.
/// </summary>
public class LossBench
{
    private const int Objects = 8;

    private ComputeDevice _device = null!;
    private LossCalls _calls = null!;

    [ParamsSource(typeof(BenchDevices), nameof(BenchDevices.Names))]
    public string Device { get; set; } = "";

    [ParamsSource(nameof(Batches))]
    public Batch Shape { get; set; } = null!;

    public static IEnumerable<Batch> Batches =>
    [
        new("2D sparse", new TensorShape(4, 1, 448, 448, 16), new SpocoLossOptions { Supervision = Supervision.Sparse }),
        new("2D full", new TensorShape(4, 1, 448, 448, 16), new SpocoLossOptions { ConsistencyWeight = 0 }),
        new("3D sparse", new TensorShape(1, 40, 64, 64, 16), new SpocoLossOptions { Supervision = Supervision.Sparse }),
    ];

    [GlobalSetup]
    public void Setup()
    {
        _device = ComputeDevice.Open(Device);
        _calls = new LossCalls(_device, Shape);
    }

    [Benchmark]
    public void ValueAndGradient()
    {
        _calls.Evaluate();
        _device.Synchronize();
    }

    [Benchmark]
    public void Value()
    {
        _calls.EvaluateValue();
        _device.Synchronize();
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _calls.Dispose();
        _device.Dispose();
    }

    internal static float[] Uniform(RandomSource random, long count)
    {
        var values = new float[count];
        for (var i = 0; i < values.Length; i++)
            values[i] = (float)random.NextDouble(-1, 1);
        return values;
    }

    internal static int[] Balls(RandomSource random, TensorShape shape, int objects = Objects)
    {
        var labels = new int[shape.Voxels];
        var radius = shape.H / 9;
        for (var n = 0; n < shape.N; n++)
        {
            for (var k = 1; k <= objects; k++)
            {
                var (cz, cy, cx) = (random.NextInt(shape.D), random.NextInt(shape.H), random.NextInt(shape.W));
                for (var i = 0; i < shape.VoxelsPerImage; i++)
                {
                    var (z, y, x) = (i / shape.W / shape.H - cz, i / shape.W % shape.H - cy, i % shape.W - cx);
                    if (z * z + y * y + x * x <= radius * radius)
                        labels[n * shape.VoxelsPerImage + i] = k;
                }
            }
        }

        return labels;
    }

    /// <summary>
    /// A batch and its loss. Per pixel and centre a distance (3 E operations) forward, and with a gradient 5 E more; f and g are read once,
    /// the gradient is written once.
    /// </summary>
    public sealed record Batch(string Name, TensorShape Extents, SpocoLossOptions Options) : IWorkload
    {
        public Work Of(string benchmark)
        {
            var anchors = Options.ConsistencyWeight > 0 ? Options.MaximalAnchors : 0;
            var gradient = benchmark == nameof(ValueAndGradient);
            var perPixel = 3.0 * Extents.C * (Objects + 2 * anchors) + (gradient ? 5.0 * Extents.C * (Objects + anchors) : 0);
            var tensors = 1 + (anchors > 0 ? 1 : 0) + (gradient ? 1 : 0);
            return new Work(perPixel * Extents.Voxels, 4.0 * tensors * Extents.Count);
        }

        public override string ToString() => Name;
    }
}
