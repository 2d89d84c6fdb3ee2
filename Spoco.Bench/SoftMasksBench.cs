using BenchmarkDotNet.Attributes;
using Spoco.Engine;
using Spoco.Engine.Losses;
using Spoco.Kernels;

namespace Spoco.Bench;

/// <summary>Soft masks of eight objects, as the critic sees them, and their gradient: a 3D patch and a batch of images.</summary>
public class SoftMasksBench
{
    private const int Masks = 8;
    private const int Dimensions = 16;

    private static readonly int[] Clusters = [.. Enumerable.Range(0, Masks)];

    private ComputeDevice _device = null!;
    private int[] _labels = [];
    private Tensor _embeddings = null!, _gradient = null!;

    [ParamsSource(typeof(BenchDevices), nameof(BenchDevices.Names))]
    public string Device { get; set; } = "";

    [ParamsSource(nameof(Patches))]
    public Patch Shape { get; set; } = null!;

    public static IEnumerable<Patch> Patches =>
    [
        new("2D 448x448, batch 4", new TensorShape(4, 1, 448, 448, Dimensions)), new("3D 40x64x64", new TensorShape(1, 40, 64, 64, Dimensions)),
    ];

    [GlobalSetup]
    public void Setup()
    {
        _device = ComputeDevice.Open(Device);
        var (shape, random) = (Shape.Embeddings, new Random(1));
        var perImage = shape.Voxels / shape.N;
        _labels = new int[shape.Voxels];
        for (var i = 0; i < _labels.Length; i++)
            _labels[i] = 1 + (int)(i % perImage * Masks / perImage);
        _embeddings = Fill(shape).WithGradient();
        _gradient = Fill(shape with { N = Masks, C = 1 });

        Tensor Fill(TensorShape extents)
        {
            var values = new float[extents.Count];
            for (var i = 0; i < values.Length; i++)
                values[i] = random.NextSingle();
            return Tensor.From(_device, extents, values);
        }
    }

    [Benchmark]
    public void Forward()
    {
        using var scope = new TensorScope();
        using var pause = Gradients.NoRecording();
        using var labels = Labels();
        SoftMasks.Apply(_embeddings, labels, Clusters, new SpocoLossOptions());
        _device.Synchronize();
    }

    [Benchmark]
    public void ForwardAndBackward()
    {
        using var scope = new TensorScope();
        using var labels = Labels();
        Gradients.Backward(SoftMasks.Apply(_embeddings, labels, Clusters, new SpocoLossOptions()), _gradient);
        _device.Synchronize();
    }

    [GlobalCleanup]
    public void Cleanup() => _device.Dispose();

    private LabelBatch Labels() => LabelBatch.From(Shape.Embeddings.WithChannels(1), _labels);

    /// <summary>Embeddings; they are read once, and every mask is written once.</summary>
    public sealed record Patch(string Name, TensorShape Embeddings) : IWorkload
    {
        public Work Of(string benchmark)
        {
            var pixels = (double)Embeddings.Voxels / Embeddings.N;
            return new Work(3.0 * Masks * pixels * Dimensions, sizeof(float) * (Embeddings.Count + Masks * pixels));
        }

        public override string ToString() => Name;
    }
}
