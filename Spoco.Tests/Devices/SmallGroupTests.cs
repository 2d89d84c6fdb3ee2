using Spoco.Engine;
using Spoco.Engine.Losses;
using Spoco.Kernels;
using Spoco.Kernels.Primitives;
using Spoco.Tests.Collectives;
using ForegroundLoss = Spoco.Kernels.Primitives.ForegroundLoss;
using PositiveUnlabelledLoss = Spoco.Kernels.Primitives.PositiveUnlabelledLoss;

namespace Spoco.Tests.Devices;

/// <summary>Kernels whose threads work together, on a device whose groups have two threads.</summary>
public sealed class SmallGroupTests
{
    private readonly ComputeDevice _host = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = 1 });
    private readonly ComputeDevice _device = Simulators.OfThreads(2);

    [OneTimeTearDown]
    public void Close()
    {
        _device.Dispose();
        _host.Dispose();
    }

    [Test]
    public void Foreground()
    {
        var layout = new EmbeddingLayout(2, 35, 1, 1, 0);
        var (logits, targets) = (Values(70, 1), Values(70, 2));
        Check(2 + 2 * ForegroundLoss.Factors, (d, y) => ForegroundLoss.Evaluate(
            layout, On(d, logits), On(d, targets), On<int>(d, [17, 19]), 0.7f, y.Slice(0, 2), y.Slice(2, 2 * ForegroundLoss.Factors)));
    }

    [Test]
    public void Positive_unlabelled()
    {
        var layout = new EmbeddingLayout(2, 35, 1, 1, 0);
        var (logits, teacher) = (Values(70, 1), Values(70, 2));
        float[] targets = [.. Enumerable.Range(0, 70).Select(i => ((float[])[1, 0.5f, 0, -1])[i * 7 % 4])];
        foreach (var share in (double[])[0.05, 0.9])
        {
            var coefficients = PositiveUnlabelledCoefficients.Of(0.7, share, 1, 3, 70, 18, 17, 17);
            Check(2 + PositiveUnlabelledLoss.Scalars, (d, y) => PositiveUnlabelledLoss.Evaluate(
                layout, On(d, logits), On(d, targets), On(d, teacher), coefficients, y.Slice(0, 2), y.Slice(2, PositiveUnlabelledLoss.Scalars)));
        }
    }

    [Test]
    public void Affinities()
    {
        var shape = new TensorShape(1, 1, 5, 7, 3);
        var embeddings = Values(105, 3);
        int[] owners = [.. Enumerable.Range(0, 35).Select(i => i / 10)];
        PixelOffset[] offsets = [new(0, 1, 0), new(0, 0, -2)];
        Check(1 + 4, (d, y) => AffinityLoss.Evaluate(
            new AffinityLossInputs { Shape = shape, Channels = 3, Embeddings = On(d, embeddings), Owners = On(d, owners), Offsets = On(d, offsets), Reach = 2 }, 0.7f,
            y.Slice(0, 1), y.Slice(1, 4)));
    }

    [Test]
    public void The_loss_with_anchors([Values] bool asReference, [Values(InstanceLoss.Dice, InstanceLoss.Bce)] InstanceLoss instance)
    {
        var shape = new TensorShape(2, 1, 7, 9, 3);
        float[] f = Values((int)shape.Count, 6), g = Values((int)shape.Count, 7);
        int[] numbers = [.. Enumerable.Range(0, (int)shape.Voxels).Select(i => i / 4 % 3 == 0 ? 0 : 1 + i / 9 % 5)];
        var options = new SpocoLossOptions
        {
            Supervision = Supervision.Sparse, InstanceLoss = instance, ReferenceCompatible = asReference, PullMargin = 1, MaximalAnchors = 5, RegulariserWeight = 0.1f,
        };
        Check((int)shape.Count + 1 + 2 * 7, (d, y) =>
        {
            using var scope = new TensorScope();
            using var labels = LabelBatch.From(shape.WithChannels(1), numbers);
            var e = Tensor.From(d, shape, f).WithGradient();
            var loss = SpocoLoss.Apply(e, labels, options, Tensor.From(d, shape, g), seed: 3);
            Gradients.Of(loss.Total, [e])[0].Buffer.CopyTo(y.Slice(0, shape.Count));
            loss.Total.Buffer.CopyTo(y.Slice(shape.Count, 1));
            y.Slice(shape.Count + 1, 14).CopyFrom([.. loss.Images.SelectMany(
                t => (double[])[t.Pull, t.Push, t.Regulariser, t.Instance, t.UnlabelledPush, t.Consistency, t.Foreground]).Select(t => (float)t)]);
        });
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
