using Spoco.Bench;
using Spoco.Bench.Runs;
using Spoco.Engine.Clustering;
using Spoco.Engine.Losses;
using Spoco.Kernels;

namespace Spoco.Tests.Bench;

/// <summary>A plan that a simulator of a GPU carries out within seconds: a case of each kind.</summary>
internal static class TinyPlan
{
    public static readonly Sampling Sampling = new(Least: 2, Most: 3, Seconds: 0, SampleMilliseconds: 0.5);

    public static BenchPlan Of(params IReadOnlyList<BenchCase> cases) => new("tiny", Sampling, 1 << 16, cases);

    public static BenchCase Convolution => new("Convolution", "2D", 1, d => new ConvolutionCalls(d, new ConvolutionBench.Layer(new(1, 1, 6, 5, 3), 4)));

    public static BenchPlan OfEachKind => Of(
        Convolution,
        new("Norm", "2D", 1, d => new NormCalls(d, new NormBench.Image(new(1, 1, 6, 5, 8)))),
        new("Loss", "2D", 1, d => new LossCalls(d, new LossBench.Batch("2D", new(1, 1, 18, 18, 4), new SpocoLossOptions { Supervision = Supervision.Sparse }))),
        new("Loss", "foreground", 1, d => new ForegroundLossCalls(d, new ForegroundLossBench.Batch("2D", new(1, 1, 18, 18, 5)))),
        new("Training step", "tiny", 1, d => new TrainingStepCalls(d, new TrainingStepBench.Network("tiny", 2, [4, 8], "bcr", new(1, 1, 16, 16, 1)))),
        new("Mutex Watershed", "16x16", 1, d => new MutexWatershedCalls(d, new MutexWatershedBench.Image("16x16", 1, 16, 16, 8))),
        new("Clustering", "30 points", 1, d => new ClusteringCalls(d, new ClusteringInputs("30 points", () => new Points(new float[60], 2), 5))));

    /// <summary>A case that does what a test wants.</summary>
    public static BenchCase Doing(string name, Action run) => new("Test", name, 1, _ => new Calls(run));

    private sealed class Calls(Action run) : ITimedCalls
    {
        IEnumerable<TimedCall> ITimedCalls.Calls => [new("call", default, run)];

        public void Dispose()
        {
        }
    }
}
