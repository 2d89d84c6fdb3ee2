using BenchmarkDotNet.Attributes;
using Spoco.Engine.Clustering;
using Spoco.Kernels;

namespace Spoco.Bench;

/// <summary>Points to labels, everything counted: HDBSCAN with the paper's size, mean-shift with its bandwidth.</summary>
public class ClusteringBench
{
    private ComputeDevice _device = null!;
    private Points _points = null!;

    [ParamsSource(typeof(BenchDevices), nameof(BenchDevices.Names))]
    public string Device { get; set; } = "";

    [ParamsSource(typeof(ClusteringInputs), nameof(ClusteringInputs.All))]
    public ClusteringInputs Input { get; set; } = null!;

    [GlobalSetup]
    public void Setup()
    {
        _device = ComputeDevice.Open(Device);
        _points = Input.Draw();
    }

    [Benchmark]
    public HdbscanResult Hdbscan() => Engine.Clustering.Hdbscan.Cluster(_points, new HdbscanOptions { MinClusterSize = Input.MinClusterSize }, _device);

    [Benchmark]
    public MeanShiftResult MeanShift() => Engine.Clustering.MeanShift.Cluster(_points, null, _device);

    [GlobalCleanup]
    public void Cleanup() => _device.Dispose();
}
