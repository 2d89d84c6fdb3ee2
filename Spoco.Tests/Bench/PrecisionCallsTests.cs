using System.Reflection;
using Spoco.Bench;
using Spoco.Bench.Reports;
using Spoco.Bench.Runs;
using Spoco.Kernels;
using Spoco.Kernels.Primitives;
using Spoco.Tests.Kernels;

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
    public void Names_say_the_precision()
    {
        foreach (var precision in Enum.GetValues<Precision>())
            Assert.That(PrecisionCalls.Of(PrecisionCalls.Named("input gradient, a case", precision)), Is.EqualTo(precision));
        Assert.That(PrecisionCalls.Of("forward"), Is.EqualTo(Precision.F32));
    }

    /// <summary>Shares of peak refer to that of the same precision.</summary>
    [Test]
    public void Every_precision_has_a_peak_of_its_own()
    {
        using var device = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = 1 });
        var report = BenchReport.On(device, "test", "test") with
        {
            Results =
            [
                Result(BenchReport.PeakSection, "multiply-adds in registers", 50e9), Result(BenchReport.PeakSection, "products in matrix units, TF32", 300e9),
                Result("Convolution", "forward", 25e9), Result("Convolution", "forward, TF32", 150e9),
            ],
        };
        Assert.That(report.Peak(r => r.Teraflops), Is.EqualTo(50));
        Assert.That(report.PeakTeraflops(Precision.TF32), Is.EqualTo(300));
        Assert.That(ReportText.Lines(report).Where(l => l.Contains("forward", StringComparison.Ordinal)), Has.Exactly(2).Items.And.All.Contains(" 50 % "));

        static BenchResult Result(string section, string what, double flops) => new(section, "case", what, 1, 1, 1, 1, 1, flops, 0, 0, null);
    }

    /// <summary>The kernel of the peak, which no other test compiles: matrix instructions, and no memory beside registers.</summary>
    [TestCase(typeof(TensorFloat32Operand), "TF32")]
    [TestCase(typeof(BrainFloat16Operand), "BF16")]
    public void The_peak_multiplies_in_registers(Type operand, string part)
    {
        if (!AssembledKernel.CanAssemble)
            Assert.Ignore(AssembledKernel.Missing);
        var kernel = typeof(MatrixPeak).GetMethod("MultiplyKernel", BindingFlags.Static | BindingFlags.NonPublic)!.MakeGenericMethod(operand);
        foreach (var architecture in CompiledKernel.Architectures)
        {
            var made = AssembledKernel.Of(CompiledKernel.Of(kernel, architecture));
            Assert.That((made.StackBytes, made.SpillBytes), Is.EqualTo((0, 0)));
            Assert.That(made.CountOf("HMMA", part), Is.GreaterThanOrEqualTo(16));
        }
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
