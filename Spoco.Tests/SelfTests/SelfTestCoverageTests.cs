using System.Reflection;
using Spoco.Engine;
using Spoco.Engine.Losses;
using Spoco.Engine.Ops;
using Spoco.Engine.SelfTests;
using Spoco.Kernels;
using Spoco.Tests.Devices;
using Spoco.Tests.Interleavings;
using Spoco.Tests.Kernels;

namespace Spoco.Tests.SelfTests;

/// <summary>Nothing that runs on a device is left out of the self test, and nothing wrong passes it.</summary>
public sealed class SelfTestCoverageTests
{
    [Test]
    public void Every_operation_and_every_loss_has_small_and_large_checks()
    {
        var operations = new[] { typeof(Convolution), typeof(SpocoLoss) }
            .SelectMany(t => t.Assembly.GetExportedTypes().Where(o => o.Namespace == t.Namespace))
            .Where(t => t.IsAbstract && t.IsSealed && t.GetMethods(BindingFlags.Public | BindingFlags.Static)
                .Any(m => m.GetParameters().Any(p => p.ParameterType == typeof(Tensor))))
            .Select(t => t.Name).ToArray();
        Assert.That(operations, Has.Length.GreaterThanOrEqualTo(21));
        foreach (var isLarge in (bool[])[false, true])
            Assert.That(operations.Except(SelfTest.Checks.Where(c => c.IsLarge == isLarge).Select(c => c.Operation)), Is.Empty, isLarge ? "large" : "small");
    }

    [Test]
    public void Every_variant_of_the_loss_is_checked()
    {
        var cases = SelfTest.Checks.Where(c => c.Operation == nameof(SpocoLoss)).Select(c => c.Case).ToArray();
        foreach (var supervision in Enum.GetValues<Supervision>())
            foreach (var instance in Enum.GetValues<InstanceLoss>())
                Assert.That(cases.Count(c => c.StartsWith($"{supervision}, {instance}".ToLowerInvariant(), StringComparison.Ordinal)), Is.GreaterThanOrEqualTo(3));
    }

    [Test]
    public void Names_of_checks_are_unique() => Assert.That(SelfTest.Checks.Select(c => $"{c.Operation} {c.Case}"), Is.Unique);

    /// <summary>
    /// All small checks, on the simulator; those of matrix units, which are emulated here, on one with larger groups. The kernels launched are all that there are; and for each that is handed arrays of floats there is a check that fails when
    /// one value of them is another one behind its launch. Kernels that are handed nothing but integers are those of the Mutex Watershed, whose wrong integers may be
    /// addresses: they are launched here, and not falsified.
    /// </summary>
    [Test]
    public void Every_kernel_is_launched_and_a_wrong_value_of_any_is_found()
    {
        using var ordinary = new TamperedKernels(ComputeDevice.Open("ilgpu-cpu"));
        using var large = new TamperedKernels(Simulators.OfThreads(Spoco.Kernels.Primitives.MatrixTiles.Threads(64)));
        using var host = ComputeDevice.Open("cpu");
        var users = new Dictionary<string, List<SelfCheck>>();
        var kernels = new HashSet<MethodInfo>();
        var units = large.Device.Capabilities with { MatrixUnits = MatrixUnits.BFloat16 | MatrixUnits.TensorFloat32 };
        foreach (var check in SelfTest.Checks.Where(c => SelfTest.IsFor(c, DeviceKind.IlgpuCpu, units, quick: true)))
        {
            var tampered = For(check);
            tampered.Launched.Clear();
            var result = SelfTest.Perform(check, tampered.Device, host);
            Assert.That(result.Problem, Is.Null, $"{check.Operation} {check.Case}");
            kernels.UnionWith(tampered.Launched);
            foreach (var name in tampered.Launched.Select(Player.NameOf).Distinct())
                (users.TryGetValue(name, out var list) ? list : users[name] = []).Add(check);
        }

        Assert.That(KernelPlayTests.Kernels().Except(users.Keys), Is.Empty, "kernels that no check launches");
        Assert.That(kernels.Select(KernelInstances.NameOf).Except(KernelInstances.All.Select(KernelInstances.NameOf)), Is.Empty, "instances that were not found in the code");

        var falsified = kernels.Where(TamperedKernels.CanTamper).Select(Player.NameOf).Where(name => !name.StartsWith("Mutex", StringComparison.Ordinal)).Distinct().ToArray();
        Assert.That(falsified, Has.Length.GreaterThan(40));
        var missed = falsified.Where(name =>
        {
            (ordinary.Target, large.Target) = (name, name);
            return users[name].All(check => SelfTest.Perform(check, For(check).Device, host).Passed);
        }).ToArray();
        TestContext.Out.WriteLine($"{users.Count} kernels are launched; wrong values of {falsified.Length} were looked for.");
        Assert.That(missed, Is.Empty, "kernels whose wrong values no check finds");

        TamperedKernels For(SelfCheck check) => check.IsOfMatrixUnits ? large : ordinary;
    }
}
