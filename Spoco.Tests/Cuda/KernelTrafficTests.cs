using Spoco.Engine;
using Spoco.Engine.Ops;
using Spoco.Kernels;

namespace Spoco.Tests.Cuda;

/// <summary>What kernels ask of memory, counted while they are interpreted.</summary>
public sealed class KernelTrafficTests
{
    /// <summary>Shared memory serves what the matrix units read in hardly more rounds than so many bytes take, and neighbouring threads read neighbouring memory.</summary>
    [TestCase(Precision.TF32, 1, 24, 32)]
    [TestCase(Precision.BF16, 1, 24, 32)]
    [TestCase(Precision.TF32, 8, 8, 16)]
    public void Matrix_units_read_without_conflicts_of_banks(Precision precision, int d, int h, int w)
    {
        if (!DriverSetUp.IsInterpreted)
            Assert.Ignore("Kernels are interpreted where SPOCO_PTX=1.");
        using var device = RecordedLoader.Open([], new ComputeDeviceOptions { Precision = precision });
        using var scope = new TensorScope();
        var shape = new TensorShape(1, d, h, w, 32);
        var x = Tensor.From(device, shape, [.. Enumerable.Range(0, (int)shape.Count).Select(i => i % 13 / 12f - 0.5f)]).WithGradient();
        var depth = d > 1 ? 3 : 1;
        var weight = Tensor.Filled(device, new WeightShape(depth, 3, 3, 32, 64), 0.1f).WithGradient();
        var y = Convolution.Apply(x, weight, null, (depth / 2, 1, 1));
        device.Synchronize();
        foreach (var tally in CudaDriver.Tallies.Values)
            tally.Clear();
        CudaDriver.Counts = true;
        try
        {
            y = Convolution.Apply(x, weight, null, (depth / 2, 1, 1));
            Gradients.Backward(y, Tensor.Filled(device, y.Shape, 0.5f));
            device.Synchronize();
        }
        finally
        {
            CudaDriver.Counts = false;
        }

        foreach (var name in (string[])["MatrixForward", "MatrixInputGradient", "MatrixWeightGradient"])
        {
            var tally = CudaDriver.Tallies.Single(t => t.Key.StartsWith(name + ".", StringComparison.Ordinal) && t.Value.Launches > 0).Value;
            Assert.That(tally.Products, Is.Positive, name);
            Assert.That((double)tally.Shared.Rounds / tally.Shared.Least, Is.LessThan(1.2), $"{name}: rounds of shared memory");
            // Here BF16 reads eight channels of single precision by two loads, each of which asks for half a sector.
            if (precision == Precision.TF32)
                Assert.That(tally.Loads.Bytes / 32.0 / tally.Loads.Sectors, Is.GreaterThan(0.8), $"{name}: shares of sectors that are asked for");
        }
    }
}
