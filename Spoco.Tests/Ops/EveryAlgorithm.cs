using Spoco.Kernels;

namespace Spoco.Tests.Ops;

/// <summary>Runs a check by each algorithm that an operation has for a geometry on a device: a new one is tested as soon as its chooser names it.</summary>
internal static class EveryAlgorithm
{
    public static void Of<TAlgorithm, TShape>(Chooser<TAlgorithm, TShape> chooser, ComputeDevice device, TShape shape, Action check)
        where TAlgorithm : class, IAlgorithm<TShape>
    {
        var names = chooser.Running(device, shape).Select(a => a.Name).ToList();
        Assert.That(names, Is.Not.Empty, $"{chooser.Operation} of {shape} on {device.Name}");
        foreach (var name in names)
        {
            using var forced = device.Algorithms.Force(chooser.Operation, name);
            TestContext.Out.WriteLine($"{chooser.Operation} of {shape} on {device.Name} by {name}");
            check();
        }
    }
}
