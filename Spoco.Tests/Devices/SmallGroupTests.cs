using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using Spoco.Kernels;
using Spoco.Kernels.Primitives;
using Spoco.Tests.Collectives;

namespace Spoco.Tests.Devices;

/// <summary>Kernels whose threads work together, on a device whose groups have two threads.</summary>
public sealed class SmallGroupTests
{
    private readonly ComputeDevice _host = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = 1 });
    private readonly ComputeDevice _device = OfTwoThreads();

    [OneTimeTearDown]
    public void Close()
    {
        _device.Dispose();
        _host.Dispose();
    }

    [Test]
    public void Foreground_sums()
    {
        var layout = new EmbeddingLayout(2, 35, 1, 1, 0);
        var (logits, targets) = (Values(70, 1), Values(70, 2));
        Check(2 * ForegroundLoss.Scalars, (d, sums) => ForegroundLoss.Sums(layout, On(d, logits), On(d, targets), sums));
    }

    [Test]
    public void Positive_unlabelled_sums()
    {
        var layout = new EmbeddingLayout(2, 35, 1, 1, 0);
        var (logits, teacher) = (Values(70, 1), Values(70, 2));
        float[] targets = [.. Enumerable.Range(0, 70).Select(i => ((float[])[1, 0.5f, 0, -1])[i * 7 % 4])];
        Check(2 * PositiveUnlabelledLoss.Scalars,
            (d, sums) => PositiveUnlabelledLoss.Sums(layout, On(d, logits), On(d, targets), On(d, teacher), sums));
    }

    [Test]
    public void Affinity_sums()
    {
        var shape = new TensorShape(1, 1, 5, 7, 3);
        var embeddings = Values(105, 3);
        int[] owners = [.. Enumerable.Range(0, 35).Select(i => i / 10)];
        PixelOffset[] offsets = [new(0, 1, 0), new(0, 0, -2)];
        Check(2 * AffinityLoss.Scalars, (d, sums) => AffinityLoss.Sums(shape, On(d, embeddings), 3, On(d, owners), On(d, offsets), 1, sums));
    }

    [Test]
    public void Group_statistics()
    {
        var shape = GroupNormShape.Of(new TensorShape(2, 1, 9, 8, 6), 2);
        var x = Values((int)shape.Count, 4);
        var spare = _device.Allocate<float>(4, nameof(SmallGroupTests));
        var hostSpare = _host.Allocate<float>(4, nameof(SmallGroupTests));
        Check(4, (d, mean) => GroupNorm.Statistics(shape, 1e-5f, On(d, x), mean, d == _device ? spare : hostSpare));
        Check(4, (d, rstd) => GroupNorm.Statistics(shape, 1e-5f, On(d, x), d == _device ? spare : hostSpare, rstd));
    }

    [Test]
    public void A_sum_and_the_length_of_gradients()
    {
        var x = Values(999, 5);
        Check(1, (d, y) => Reduction.Sum(On(d, x), y));
        Check(3, (d, norms) => GradientPenalty.Direction(On(d, x), norms, On(d, x), 1));
    }

    [Test]
    public void Prefix_sums_compaction_sorting_and_segments() => CollectiveProblems.Check((IlgpuDevice)_device, 3, 2100);

    private static IlgpuDevice OfTwoThreads()
    {
        var context = Context.Create(builder => builder.EnableAlgorithms().CPU(new CPUDevice(2, 1, 1)));
        return new IlgpuDevice("ilgpu-cpu", DeviceKind.IlgpuCpu, context, context.GetCPUDevices()[0].CreateAccelerator(context), new ComputeDeviceOptions());
    }

    private static float[] Values(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (float)(4 * random.NextDouble() - 2))];
    }

    private static DeviceBuffer<T> On<T>(ComputeDevice device, T[] values) where T : unmanaged
    {
        var buffer = device.Allocate<T>(values.Length, nameof(SmallGroupTests));
        buffer.CopyFrom(values);
        return buffer;
    }

    private void Check(int length, Action<ComputeDevice, DeviceBuffer<float>> compute)
    {
        // What is not written is seen.
        var nothing = Enumerable.Repeat(float.NaN, length).ToArray();
        var (expected, actual) = (On(_host, nothing), On(_device, nothing));
        compute(_host, expected);
        compute(_device, actual);
        Assert.That(actual.ToArray(), Is.EqualTo(expected.ToArray()).Within(1e-4f));
    }
}
