using Spoco.Engine.SelfTests;
using Spoco.Kernels;

namespace Spoco.Tests.SelfTests;

/// <summary>The checks of matrix units, on devices that emulate them as on those that have them.</summary>
public sealed class PrecisionCheckTests
{
    [TestCase("opencl:0", false)]
    [TestCase("cuda:0", false)]
    [TestCase("opencl:0", true, Category = "Long")]
    [TestCase("cuda:0", true)]
    public void They_pass(string name, bool large)
    {
        var (device, host) = (TestDevices.Open(name), TestDevices.Open("cpu"));
        foreach (var check in PrecisionChecks.All().Where(check => check.IsLarge == large))
        {
            var result = SelfTest.Perform(check, device, host);
            TestContext.Out.WriteLine($"{check.Case}: {result.Error:0.0e0} in {result.Time.TotalSeconds:0.0} s");
            Assert.That(result.Problem, Is.Null, check.Case);
        }
    }

    /// <summary>A precision in place of another one, such as a device that does not round where it should, is far beyond the bound.</summary>
    [TestCase("opencl:0", Category = "Long")]
    [TestCase("cuda:0")]
    public void A_device_that_rounds_otherwise_fails(string name)
    {
        var (device, host) = (TestDevices.Open(name), TestDevices.Open("cpu"));
        foreach (var shape in PrecisionChecks.All().Where(check => !check.IsLarge).GroupBy(check => check.Case.Split(" in ")[0]))
        {
            foreach (var (asked, done) in shape.SelectMany(_ => shape, (a, b) => (a, b)).Where(pair => pair.a != pair.b))
            {
                var (error, where) = SelfCheck.Compare(done.Compute(device), asked.Compute(host));
                Assert.That(error, Is.GreaterThan(2 * asked.Bound), $"{done.Case} instead of {asked.Case}: {where}");
            }
        }
    }

    /// <summary>Devices without matrix units are not asked for what they would only emulate.</summary>
    [TestCase(MatrixUnits.None, false)]
    [TestCase(MatrixUnits.Float16, false)]
    [TestCase(MatrixUnits.Float16 | MatrixUnits.BFloat16 | MatrixUnits.TensorFloat32, true)]
    public void They_are_for_devices_with_matrix_units(MatrixUnits units, bool expected)
    {
        var device = new Capabilities(false, false, 1024, 32, 48 << 10, true, true, units);
        var chosen = SelfTest.Checks.Where(check => SelfTest.IsFor(check, DeviceKind.Cuda, device, quick: true)).ToArray();
        Assert.That(chosen.Any(check => check.IsOfMatrixUnits), Is.EqualTo(expected));
        foreach (var precision in Enum.GetValues<Precision>())
            Assert.That(chosen.Any(check => check.Case.EndsWith($" in {precision}", StringComparison.Ordinal)), Is.EqualTo(expected), $"{precision}");
    }
}
