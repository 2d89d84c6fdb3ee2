using Spoco.Engine;
using Spoco.Engine.Networks;
using Spoco.Kernels;
using Spoco.Tests.Golden;

namespace Spoco.Tests.Networks;

public sealed class UNetTests
{
    private static readonly string[] Devices = ["cpu", "opencl:0", "cuda:0"];

    public static IEnumerable<GoldenCase> GoldenCases => GoldenSet.Torch.Cases("UNet2D").Concat(GoldenSet.Torch.Cases("UNet3D"));

    /// <summary>Output, loss and every gradient as PyTorch computes them from the same parameters.</summary>
    [Test]
    public void Equals_reference_network([ValueSource(nameof(Devices))] string name, [ValueSource(nameof(GoldenCases))] GoldenCase golden)
    {
        var device = TestDevices.Open(name);
        var extents = golden.Shape("x");
        using var net = new UNet(device, GoldenNetwork.Options(golden, golden.Op == "UNet3D" ? 3 : 2, extents[1]));
        GoldenNetwork.Fill(golden, "state", net.Parameters);
        using var scope = new TensorScope();
        var x = golden.Image(device, "x").WithGradient();
        var y = net.Forward(x, training: golden.Params.GetProperty("mode").GetString() == "train");
        golden.AssertImage("y", y);
        Gradients.Backward(y, golden.Image(device, "w_out"));
        golden.AssertImage("gx", x.Gradient);
        foreach (var spec in net.Parameters.Specs.Where(s => s.IsTrained))
        {
            var actual = net.Parameters[spec.Name].Gradient;
            if (spec.Kind == ParameterKind.ConvolutionWeight)
                golden.AssertWeight($"grad/{spec.Name}", actual);
            else
                golden.AssertImage($"grad/{spec.Name}", actual);
        }

        Assert.That(golden.Datasets.Count(d => d.Name.StartsWith("grad/", StringComparison.Ordinal)),
            Is.EqualTo(net.Parameters.Specs.Count(s => s.IsTrained)), "every parameter of the reference has a counterpart");
        foreach (var spec in net.Parameters.Specs.Where(s => !s.IsTrained))
            golden.AssertImage($"state_after/{spec.Name}", net.Parameters[spec.Name]);
        if (golden.Has("y_eval_after"))
            golden.AssertImage("y_eval_after", net.Forward(x, training: false));
    }

    [TestCase(1, 8, 8)]
    [TestCase(1, 9, 23)]
    [TestCase(2, 17, 8)]
    public void Any_size_from_the_minimum_on(int images, int height, int width)
    {
        using var net = new UNet(TestDevices.Open("cpu"), new UNetOptions { FeatureMaps = [4, 8, 16, 32], OutputChannels = 3, Order = "cl" });
        net.Parameters.Initialise(1);
        using var scope = new TensorScope();
        var y = net.Forward(Tensor.Filled(net.Parameters.Device, new TensorShape(images, 1, height, width, 1), 1), training: true);
        Assert.That(y.Shape, Is.EqualTo(new TensorShape(images, 1, height, width, 3)));
        Assert.That(y.ToArray(), Has.All.Matches<float>(float.IsFinite));
    }

    [Test]
    public void Anisotropic_pooling_keeps_a_single_slice()
    {
        using var net = new UNet(TestDevices.Open("cpu"),
            new UNetOptions { Dimensions = 3, FeatureMaps = [8, 16, 32], Order = "gcr", PoolDepth = 1, OutputChannels = 2 });
        net.Parameters.Initialise(1);
        using var scope = new TensorScope();
        var y = net.Forward(Tensor.Filled(net.Parameters.Device, new TensorShape(1, 1, 12, 16, 1), 1), training: true);
        Assert.That(y.Shape, Is.EqualTo(new TensorShape(1, 1, 12, 16, 2)));
    }

    [Test]
    public void Wrong_channels_and_small_images_are_named()
    {
        using var net = new UNet(TestDevices.Open("cpu"), new UNetOptions { FeatureMaps = [4, 8, 16] });
        using var scope = new TensorScope();
        Assert.That(() => net.Forward(Tensor.Zeros(net.Parameters.Device, new TensorShape(1, 1, 16, 16, 3)), true),
            Throws.ArgumentException.With.Message.EqualTo("UNet: the image has 3 channels, the network expects 1 (image [1,1,16,16,3])."));
        Assert.That(() => net.Forward(Tensor.Zeros(net.Parameters.Device, new TensorShape(1, 1, 16, 3, 1)), true),
            Throws.ArgumentException.With.Message.EqualTo("UNet: 3 levels need at least 1x4x4 voxels, got [1,1,16,3,1]."));
    }

    [TestCase("gcr", new[] { 16, 20 }, "UNet: 20 feature maps cannot be divided into 8 groups (maps 16,20).")]
    [TestCase("gr", new[] { 16, 32 }, "UNet: order must hold one 'c' and otherwise letters of g group norm, b batch norm, c convolution")]
    [TestCase("cr", new[] { 16 }, "UNet: 2 to 16 levels of 1 to 4096 feature maps are needed, got 16.")]
    public void Impossible_architectures_are_named(string order, int[] maps, string message) =>
        Assert.That(() => UNet.Specs(new UNetOptions { Order = order, FeatureMaps = maps }), Throws.ArgumentException.With.Message.StartsWith(message));

    /// <summary>Bounds of Kaiming-uniform with a = sqrt 5, and the same values whatever the device.</summary>
    [Test]
    public void Initial_values_are_PyTorchs_distribution()
    {
        using var net = new UNet(TestDevices.Open("cpu"), new UNetOptions { FeatureMaps = [16, 32], Order = "bcr" });
        net.Parameters.Initialise(3);
        var weight = net.Parameters["encoders.1.basic_module.SingleConv2.conv.weight"].ToArray();
        var bound = 1 / Math.Sqrt(16 * 9);
        Assert.That(weight.Max(Math.Abs), Is.LessThanOrEqualTo(bound).And.GreaterThan(0.99 * bound));
        Assert.That(weight.Average(), Is.EqualTo(0).Within(4 * bound / Math.Sqrt(3.0 * weight.Length)));
        Assert.That(net.Parameters["encoders.0.basic_module.SingleConv1.batchnorm.weight"].ToArray(), Has.All.EqualTo(1f));
        Assert.That(net.Parameters["encoders.0.basic_module.SingleConv1.batchnorm.bias"].ToArray(), Has.All.EqualTo(0f));
        Assert.That(net.Parameters["encoders.0.basic_module.SingleConv1.batchnorm.running_var"].ToArray(), Has.All.EqualTo(1f));
    }
}
