using System.Reflection;
using Spoco.Kernels;
using Primitives = Spoco.Kernels.Primitives;

namespace Spoco.Tests.Devices;

/// <summary>How an algorithm is chosen, forced and reported.</summary>
public class AlgorithmTests
{
    private static readonly ConvolutionShape Shape = ConvolutionShape.Create(new(1, 1, 8, 8, 16), new(1, 3, 3, 16, 16), (0, 1, 1));

    [TestCase(null, "winograd")]
    [TestCase("Convolution=direct", "direct")]
    public void The_forced_algorithm_computes_the_operation(string? forced, string expected)
    {
        using var device = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = 1, Winograd = true, Algorithms = forced });
        device.Algorithms.Noting = true;
        using var x = device.Allocate<float>(Shape.Input.Count, "x").Memory;
        var (input, weight) = (new DeviceBuffer<float>(x, 0, Shape.Input.Count), device.Allocate<float>(Shape.Weight.Count, "weight"));
        using var memory = weight.Memory;
        var y = device.Allocate<float>(Shape.Output.Count, "y");
        using var output = y.Memory;
        input.Clear();
        weight.Clear();
        for (var i = 0; i < 2; i++)
            Primitives.Convolution.Forward(Shape, input, weight, default, y);
        Assert.That(device.Algorithms.Made, Is.EqualTo(new[] { ("Convolution", Shape.ToString(), expected) }));
    }

    [Test]
    public void An_algorithm_that_does_not_run_here_is_refused()
    {
        using var device = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = 1, Algorithms = "Convolution=tiles" });
        Assert.That(() => Primitives.Convolution.Chooser.For(device, new Primitives.ConvolutionProblem(Shape, default)),
            Throws.TypeOf<DeviceException>().With.Message.StartsWith("Convolution: algorithm 'tiles' does not run on device cpu for"));
    }

    [TestCase("Convolution", "expected operation=algorithm, found 'Convolution'")]
    [TestCase("Convolutions=direct", "there is no operation 'Convolutions'")]
    [TestCase("ChannelSum=host,Convolution=fast", "Convolution has no algorithm 'fast'; it has winograd, direct, matrix, tiles")]
    public void Names_that_do_not_exist_are_refused(string forced, string message) =>
        Assert.That(() => ComputeDevice.Open("cpu", new ComputeDeviceOptions { Algorithms = forced }),
            Throws.TypeOf<DeviceException>().With.Message.Contains(message));

    [Test]
    public void A_test_forces_an_algorithm_for_a_while()
    {
        using var device = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = 1, Winograd = true, Algorithms = "Convolution=direct" });
        var problem = new Primitives.ConvolutionProblem(Shape, default);
        using (device.Algorithms.Force("Convolution", "winograd"))
            Assert.That(Primitives.Convolution.Chooser.For(device, problem).Name, Is.EqualTo("winograd"));
        Assert.That(Primitives.Convolution.Chooser.For(device, problem).Name, Is.EqualTo("direct"));
        using (device.Algorithms.Force("Convolution", null))
            Assert.That(Primitives.Convolution.Chooser.For(device, problem).Name, Is.EqualTo("winograd"));
        Assert.That(() => device.Algorithms.Force("Convolution", "fast"), Throws.TypeOf<DeviceException>());
    }

    /// <summary>What is not in the catalogue can be neither forced nor reported.</summary>
    [Test]
    public void Every_chooser_is_in_the_catalogue()
    {
        var choosers = typeof(ComputeDevice).Assembly.GetTypes().Where(t => !t.ContainsGenericParameters)
            .SelectMany(t => t.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            .Where(f => typeof(IChooser).IsAssignableFrom(f.FieldType)).Select(f => (IChooser)f.GetValue(null)!).ToList();
        Assert.That(choosers, Is.Not.Empty);
        Assert.That(AlgorithmCatalog.All, Is.EquivalentTo(choosers));
        Assert.That(AlgorithmCatalog.All.Select(c => c.Operation), Is.Ordered);
    }

    [Test]
    public void Names_are_unique()
    {
        foreach (var chooser in AlgorithmCatalog.All)
            Assert.That(chooser.Names, Is.Unique, chooser.Operation);
        Assert.That(AlgorithmCatalog.All.Select(c => c.Operation), Is.Unique);
    }
}
