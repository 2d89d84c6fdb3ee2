using System.Numerics;
using Spoco.Kernels;
using Spoco.Kernels.Primitives;

namespace Spoco.Tests.Ops;

/// <summary>Operators of one's own.</summary>
public sealed class ElementwiseTests
{
    [Test]
    public void A_public_operator_runs_everywhere([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name)
    {
        var device = TestDevices.Open(name);
        using var memory = device.Allocate<float>(37, "test").Memory;
        var values = new DeviceBuffer<float>(memory, 0, 37);
        EveryAlgorithm.Of(Elementwise.Chooser, device, values.Length, () =>
        {
            values.CopyFrom([.. Enumerable.Range(0, 37).Select(i => (float)i)]);
            Elementwise.Apply(values, values, values, new DifferenceOfSquares(3));
            Assert.That(values.ToArray(), Is.EqualTo(Enumerable.Range(0, 37).Select(i => 3f * i * i - i * i)));
            Elementwise.Fill(values.Slice(1, 35), 2);
            Assert.That(values.ToArray(), Is.EqualTo(Enumerable.Range(0, 37).Select(i => i is 0 ? 0 : i is 36 ? 2f * 36 * 36 : 2)));
        });
    }

    [Test]
    public void Misfits_are_named()
    {
        var device = TestDevices.Open("cpu");
        using var other = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = 1 });
        using var holdings = new Holdings();
        var (a, b, far) = (holdings.Allocate<float>(device, 4, "a"), holdings.Allocate<float>(device, 3, "b"), holdings.Allocate<float>(other, 4, "far"));
        Assert.That(() => Elementwise.Apply(a, b, a, default(AddOperator)),
            Throws.ArgumentException.With.Message.EqualTo("AddOperator: the second input has 3 elements, expected 4."));
        Assert.That(() => Elementwise.Apply(far, a, a, default(AddOperator)),
            Throws.ArgumentException.With.Message.EqualTo("AddOperator: the first input is on device cpu, not on cpu as the others."));
    }

    /// <summary>factor a^2 - b^2.</summary>
    public readonly record struct DifferenceOfSquares(float Factor) : IElementwiseOperator
    {
        public float Apply(float a, float b) => Factor * a * a - b * b;

        public Vector<float> Apply(Vector<float> a, Vector<float> b) => Factor * a * a - b * b;
    }
}
