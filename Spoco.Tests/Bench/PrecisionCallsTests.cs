using Spoco.Bench;
using Spoco.Bench.Runs;
using Spoco.Kernels;

namespace Spoco.Tests.Bench;

public sealed class PrecisionCallsTests
{
    private static readonly Capabilities Plain = new(false, false, 256, 32, 49152, true, true, MatrixUnits.None);

    [Test]
    public void A_device_is_measured_in_what_its_units_have()
    {
        Assert.That(PrecisionCalls.Of(Plain), Is.EqualTo(new[] { Precision.F32 }));
        Assert.That(PrecisionCalls.Of(Plain with { MatrixUnits = MatrixUnits.Float16 }), Is.EqualTo(new[] { Precision.F32 }));
        Assert.That(PrecisionCalls.Of(Plain with { MatrixUnits = MatrixUnits.Float16 | MatrixUnits.TensorFloat32 | MatrixUnits.BFloat16 }),
            Is.EqualTo(new[] { Precision.F32, Precision.TF32, Precision.BF16 }));
    }

    [Test]
    public void Without_units_nothing_changes()
    {
        using var calls = new Recorded();
        Assert.That(PrecisionCalls.Of(TestDevices.Open("cpu"), calls), Is.SameAs(calls));
    }

    private sealed class Recorded : ITimedCalls
    {
        public IEnumerable<TimedCall> Calls => [];

        public void Dispose()
        {
        }
    }
}
