using Spoco.Kernels;

namespace Spoco.Bench.Runs;

/// <summary>Calls to time, and what their rows are called.</summary>
/// <param name="Section">The table.</param>
/// <param name="Name">The row.</param>
/// <param name="Cost">How long it takes among the others, for the time left.</param>
/// <param name="Open">Makes the arrays.</param>
internal sealed record BenchCase(string Section, string Name, int Cost, Func<ComputeDevice, ITimedCalls> Open);

/// <summary>How often a call is repeated.</summary>
/// <param name="Least">Samples, however long they take.</param>
/// <param name="Most">Samples, however short they are.</param>
/// <param name="Seconds">Time after which no more than the least are taken.</param>
/// <param name="SampleMilliseconds">Shorter calls are timed several at a time: a sample is then as long as this, or 50 calls.</param>
internal sealed record Sampling(int Least, int Most, double Seconds, double SampleMilliseconds);

/// <summary>What is measured.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Sampling">How often.</param>
/// <param name="CopyBytes">Bytes that are copied to measure the bandwidth of the device's memory.</param>
/// <param name="Cases">The cases, in their order.</param>
internal sealed record BenchPlan(string Name, Sampling Sampling, long CopyBytes, IReadOnlyList<BenchCase> Cases)
{
    /// <summary>The plan for a device. Quick: fewer samples; on a processor, which would take minutes for some of the convolutions, also small inputs.</summary>
    public static BenchPlan Of(ComputeDevice device, bool quick)
    {
        var isSmall = quick && !device.IsGpu;
        return new(
            quick ? isSmall ? "quick, small" : "quick" : "full",
            quick ? new Sampling(Least: 3, Most: 15, Seconds: 0.15, SampleMilliseconds: 1) : new Sampling(Least: 5, Most: 50, Seconds: 0.8, SampleMilliseconds: 2),
            device.IsGpu ? 1L << 28 : 1L << 26,
            [.. Convolutions(isSmall), .. Norms(isSmall), .. Losses(isSmall), .. Steps(isSmall), .. MutexWatersheds(isSmall, quick), .. Clusterings(isSmall)]);
    }

    private static IEnumerable<BenchCase> Convolutions(bool isSmall) =>
        from layer in ConvolutionBench.Layers
        let chosen = isSmall ? layer with { Input = Extents.Small(layer.Input) } : layer
        select new BenchCase("Convolution", $"{chosen}", 3 + (int)(layer.Geometry.Operations / 5e9), device => PrecisionCalls.Of(device, new ConvolutionCalls(device, chosen)));

    private static IEnumerable<BenchCase> Norms(bool isSmall) =>
        from image in NormBench.Images
        let chosen = isSmall ? new NormBench.Image(Extents.Small(image.Shape)) : image
        select new BenchCase("Norm", $"{chosen}", 4, device => new NormCalls(device, chosen));

    private static IEnumerable<BenchCase> Losses(bool isSmall) =>
    [
        .. from batch in LossBench.Batches
        let chosen = isSmall ? batch with { Extents = Extents.Small(batch.Extents) } : batch
        select new BenchCase("Loss", $"{chosen}, {Extents.Text(chosen.Extents)}", 4, device => new LossCalls(device, chosen)),
        .. from batch in ForegroundLossBench.Batches
        let chosen = isSmall ? batch with { Extents = Extents.Small(batch.Extents) } : batch
        select new BenchCase("Loss", $"{chosen}, {Extents.Text(chosen.Extents)}", 4, device => new ForegroundLossCalls(device, chosen)),
    ];

    private static IEnumerable<BenchCase> Steps(bool isSmall) =>
        from net in new[] { TrainingStepBench.Find("UNet3D"), TrainingStepBench.Find("UNet2D") }
        let chosen = isSmall ? net with { Input = net.Dimensions == 3 ? new(1, 8, 16, 16, 1) : new(2, 1, 96, 96, 3) } : net
        select new BenchCase("Training step", $"{chosen}, {Extents.Text(chosen.Input)}", 60, device => PrecisionCalls.Of(device, new TrainingStepCalls(device, chosen)));

    private static IEnumerable<BenchCase> MutexWatersheds(bool isSmall, bool quick)
    {
        string[] names = isSmall ? ["128x128", "256x256", "16x32x32", "32x64x64"] : quick
            ? ["448x448", "1024x1024", "40x64x64", "64x128x128"]
            : ["448x448", "2048x2048", "40x64x64", "64x128x128"];
        return from name in names
               let image = MutexWatershedBench.Find(name)
               select new BenchCase("Mutex Watershed", name, 12, device => new MutexWatershedCalls(device, image));
    }

    private static IEnumerable<BenchCase> Clusterings(bool isSmall) =>
        from name in isSmall ? ["64x64", "8x32x32"] : (string[])["448x448", "40x64x64"]
        let inputs = ClusteringInputs.Find(name)
        select new BenchCase("Clustering", name, 20, device => new ClusteringCalls(device, inputs));
}
