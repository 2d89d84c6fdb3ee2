using BenchmarkDotNet.Attributes;
using Spoco.Engine.Clustering;
using Spoco.Kernels;

namespace Spoco.Bench;

/// <summary>From embeddings of 16 components to labels, everything counted, with bandwidth 0.5 and seeds at cells: noisy cells of all sizes, and the worst cases. Clusters are printed.</summary>
public class MeanShiftBench
{
    private ComputeDevice _device = null!;
    private Points _points = null!;

    [ParamsSource(typeof(BenchDevices), nameof(BenchDevices.Names))]
    public string Device { get; set; } = "";

    [ParamsSource(nameof(Inputs))]
    public Input Shape { get; set; } = null!;

    public static IEnumerable<Input> Inputs =>
    [
        new("448x448", Content.Cells, 1, 448, 448), new("40x64x64", Content.Cells, 40, 64, 64), new("128x128", Content.Cells, 1, 128, 128),
        new("256x256", Content.Cells, 1, 256, 256), new("1024x1024", Content.Cells, 1, 1024, 1024), new("448x448 all equal", Content.Equal, 1, 448, 448),
        new("448x448 uniform", Content.Uniform, 1, 448, 448), new("448x448 one cell", Content.OneCell, 1, 448, 448),
    ];

    [GlobalSetup]
    public void Setup()
    {
        _device = ComputeDevice.Open(Device);
        _points = new Points(Shape.Draw(), Input.Dimensions);
    }

    [Benchmark]
    public MeanShiftResult Cluster() => MeanShift.Cluster(_points, device: _device);

    [GlobalCleanup]
    public void Cleanup()
    {
        Console.WriteLine($"// {Shape} on {Device}: {Cluster().Centres.GetLength(0)} clusters");
        _device.Dispose();
    }

    /// <summary>What the embeddings are.</summary>
    public enum Content
    {
        /// <summary>Of noisy cells, a trained network's roughly: those of a cell are a little farther from its mean than the bandwidth.</summary>
        Cells,

        /// <summary>All equal.</summary>
        Equal,

        /// <summary>Everywhere alike between 0 and 1: most cells of the grid hold one, and most seeds none.</summary>
        Uniform,

        /// <summary>Of a single noisy cell: every ball cuts every leaf.</summary>
        OneCell,
    }

    /// <summary>Embeddings of an image or a volume; every one is read once, every label written once.</summary>
    public sealed record Input(string Name, Content Content, int Depth, int Height, int Width) : IWorkload
    {
        public const int Dimensions = 16;

        private int Points => Depth * Height * Width;

        public Work Of(string benchmark) => new(0, sizeof(float) * (Dimensions + 1.0) * Points);

        public float[] Draw()
        {
            var random = new Random(1);
            return Content switch
            {
                Content.Cells => NoisyCells.Draw(Depth, Height, Width, Depth == 1 ? 50 : 20, Dimensions).Data,
                Content.OneCell => NoisyCells.Draw(Depth, Height, Width, Math.Max(Height, Width), Dimensions).Data,
                Content.Uniform => [.. Enumerable.Range(0, Points * Dimensions).Select(_ => random.NextSingle())],
                _ => new float[Points * Dimensions],
            };
        }

        public override string ToString() => Name;
    }
}
