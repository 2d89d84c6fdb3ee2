using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;

namespace Spoco.Bench;

/// <summary>The usual table and exporters, with managed allocations, GFLOP/s, its share of the processor's peak, and GB/s.</summary>
public sealed class BenchConfig : ManualConfig
{
    /// <summary>Builds the configuration.</summary>
    public BenchConfig()
    {
        Add(DefaultConfig.Instance);
        AddDiagnoser(MemoryDiagnoser.Default);
        AddColumn(
            new RateColumn("GFLOP/s", "Floating-point operations that the problem needs, per mean time", work => work.Flops),
            new RateColumn("% CPU peak", "GFLOP/s of the cpu device as a share of the processor's measured FMA peak; above 100 where an algorithm needs fewer operations",
                work => 100 * work.Flops / FmaPeak.Host, ofHost: true),
            new RateColumn("GB/s", "Bytes that the problem must read and write, per mean time", work => work.Bytes));
    }
}
